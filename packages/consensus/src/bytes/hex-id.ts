/** Member and cluster ids between their two forms: 16 hex digits in memory, eight bytes on disk and on the wire. */
import { assert } from '../core/assert.ts';
import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/** Bytes of an id in a record or a message. */
export const HEX_ID_BYTES = 8;

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** The value of one lower-case hex digit, or -1. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x61 + 10 : -1;
}

export function writeHexId(writer: ByteWriter, id: string): void {
  let sound = id.length === 2 * HEX_ID_BYTES;
  for (let i = 0; sound && i < id.length; i += 2) {
    const high = digit(id.charCodeAt(i));
    const low = digit(id.charCodeAt(i + 1));
    sound = high >= 0 && low >= 0;
    writer.u8(high * 16 + low);
  }
  // The sentence is built only when it is needed: this runs for every proposal.
  if (!sound) assert(false, `an id is 16 lower-case hex digits, not ${JSON.stringify(id)}`);
}

export function readHexId(reader: ByteReader): string {
  let id = '';
  for (let i = 0; i < HEX_ID_BYTES; i++) id += HEX_OF_BYTE[reader.u8()];
  return id;
}
