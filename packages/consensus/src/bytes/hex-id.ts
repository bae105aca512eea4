/** Member and cluster ids between their two forms: 16 hex digits in memory, eight bytes on disk and on the wire. */
import { assert } from '../core/assert.ts';
import type { ByteReader } from './reader.ts';
import type { ByteWriter } from './writer.ts';

/** Bytes of an id in a record or a message. */
export const HEX_ID_BYTES = 8;

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

function digit(text: string, position: number): number {
  const code = text.charCodeAt(position);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  assert(code >= 0x61 && code <= 0x66, `an id is 16 lower-case hex digits, not ${JSON.stringify(text)}`);
  return code - 0x61 + 10;
}

export function writeHexId(writer: ByteWriter, id: string): void {
  assert(id.length === 2 * HEX_ID_BYTES, `an id is 16 lower-case hex digits, not ${JSON.stringify(id)}`);
  for (let i = 0; i < id.length; i += 2) writer.u8(digit(id, i) * 16 + digit(id, i + 1));
}

export function readHexId(reader: ByteReader): string {
  let id = '';
  for (let i = 0; i < HEX_ID_BYTES; i++) id += HEX_OF_BYTE[reader.u8()];
  return id;
}
