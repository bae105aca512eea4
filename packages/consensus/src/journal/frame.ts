/**
 * A frame: the unit of writing, one group commit. A header of 40 bytes, then the records. Knows where the fields
 * are and how they are summed; not what the records say or which file they lie in.
 *
 *   0  u32  magic
 *   4  u8   format version
 *   5  u8   kind: 0 records, 1 preamble of a segment
 *   6  u16  group
 *   8  u32  salt of this journal
 *  12  u32  payload length
 *  16  u64  frame sequence, from 1, without gaps over all segments
 *  24  u32  incarnation that wrote it
 *  28  u32  reserved, 0
 *  32  u32  CRC-32C of the payload
 *  36  u32  CRC-32C of bytes 0 to 36
 *
 * The salt keeps a client from planting, inside a value, bytes that recovery would take for a frame: without it,
 * the tail of a torn frame could look like a later frame, and the member would refuse to start.
 */
import { crc32c } from '../checksum/crc32c.ts';
import type { GroupNumber } from '../core/numbers.ts';
import { JOURNAL_FORMAT_VERSION } from './identity.ts';
import { FRAME_PAYLOAD_BYTES_MAX } from './limits.ts';

export const FRAME_HEADER_BYTES = 40;

/** Frames begin at multiples of this, so that a search for one has few places to look at. */
export const FRAME_ALIGNMENT_BYTES = 8;

/** "SYNJ", read as a little-endian number. */
const FRAME_MAGIC = 0x4a4e5953;

const SEQUENCE_HIGH_UNIT = 0x1_0000_0000;

export type FrameKind = 'records' | 'preamble';

export interface FrameHeader {
  readonly version: number;
  readonly kind: FrameKind;
  readonly group: GroupNumber;
  readonly salt: number;
  readonly sequence: number;
  readonly incarnation: number;
  readonly payloadBytes: number;
  readonly payloadSum: number;
}

/** Bytes that a frame takes in a segment, with the zeros up to where the next may begin. */
export function frameBytes(payloadBytes: number): number {
  const bytes = FRAME_HEADER_BYTES + payloadBytes;
  return Math.ceil(bytes / FRAME_ALIGNMENT_BYTES) * FRAME_ALIGNMENT_BYTES;
}

/** Fills in the first 40 bytes of `frame`; the payload is what lies after them, `payloadBytes` long. */
export function sealFrame(frame: Uint8Array, header: Omit<FrameHeader, 'version' | 'payloadSum'>): void {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(4, JOURNAL_FORMAT_VERSION);
  view.setUint8(5, header.kind === 'preamble' ? 1 : 0);
  view.setUint16(6, header.group, true);
  view.setUint32(8, header.salt, true);
  view.setUint32(12, header.payloadBytes, true);
  view.setUint32(16, header.sequence % SEQUENCE_HIGH_UNIT, true);
  view.setUint32(20, Math.floor(header.sequence / SEQUENCE_HIGH_UNIT), true);
  view.setUint32(24, header.incarnation, true);
  view.setUint32(28, 0, true);
  view.setUint32(32, crc32c(frame, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.payloadBytes), true);
  view.setUint32(36, crc32c(frame, 0, 36), true);
}

/** The header at `offset`, or undefined if no sound one begins there. The payload is not looked at. */
export function readFrameHeader(bytes: Uint8Array, offset: number): FrameHeader | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== FRAME_MAGIC) return undefined;
  if (view.getUint32(36, true) !== crc32c(bytes, offset, offset + 36)) return undefined;
  const payloadBytes = view.getUint32(12, true);
  if (payloadBytes > FRAME_PAYLOAD_BYTES_MAX) return undefined;
  return {
    version: view.getUint8(4),
    kind: view.getUint8(5) === 1 ? 'preamble' : 'records',
    group: view.getUint16(6, true) as GroupNumber,
    salt: view.getUint32(8, true),
    sequence: view.getUint32(16, true) + view.getUint32(20, true) * SEQUENCE_HIGH_UNIT,
    incarnation: view.getUint32(24, true),
    payloadBytes,
    payloadSum: view.getUint32(32, true),
  };
}

/** Whether the payload of the frame at `offset` is all there and is what was written. */
export function payloadIsSound(bytes: Uint8Array, offset: number, header: FrameHeader): boolean {
  const from = offset + FRAME_HEADER_BYTES;
  const to = from + header.payloadBytes;
  return to <= bytes.length && crc32c(bytes, from, to) === header.payloadSum;
}
