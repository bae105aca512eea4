/**
 * Frames between members: length, checksum, lane, group, bytes. The checksum is there because a peer's bytes go into the
 * journal, and TCP's own is weak.
 *
 *     length u32 (of what follows the checksum) · crc32 u32 · lane u8 · group u16 · bytes
 */
import { crc32 } from 'node:zlib';
import { GROUP_ZERO, type Lane, MalformedBytes } from '@synod/consensus';
import { FRAME_BYTES_MAX } from './limits.ts';

const HEAD_BYTES = 11;
/** Lane and group: what the length and the checksum cover beside the bytes. */
const LABEL_BYTES = 3;

/** Codes on the wire; never used again for something else. */
const LANE_CODES: Readonly<Record<FrameLane, number>> = {
  consensus: 0,
  forward: 1,
  snapshot: 2,
  call: 3,
  introduction: 253,
  ping: 254,
  pong: 255,
};

/**
 * `ping` and `pong` carry the sender's own clock and are answered by the link itself; an `introduction`, the first frame of a
 * link, says where the sender can be reached.
 */
export type FrameLane = Lane | 'ping' | 'pong' | 'introduction';

const LANE_OF_CODE = new Map<number, FrameLane>(
  Object.entries(LANE_CODES).map(([lane, code]) => [code, lane as FrameLane]),
);

export interface Frame {
  readonly lane: FrameLane;
  readonly bytes: Uint8Array;
}

/** Whether these bytes fit into a frame. */
export function isFrameSize(bytes: Uint8Array): boolean {
  return bytes.length + LABEL_BYTES <= FRAME_BYTES_MAX;
}

/** The head of a frame; the bytes follow it. */
export function frameHead(lane: FrameLane, bytes: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(bytes.length + LABEL_BYTES, 0);
  head[8] = LANE_CODES[lane];
  head.writeUInt16LE(GROUP_ZERO, 9);
  head.writeUInt32LE(crc32(bytes, crc32(head.subarray(8))), 4);
  return head;
}

/** Cuts a stream of bytes into frames. A frame's bytes are a view on what came. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);
  /** How much must be there before it is worth looking again. */
  private needed = HEAD_BYTES;
  private chunks: Buffer[] = [];
  private chunkBytes = 0;

  /** @throws MalformedBytes when the bytes are not frames: the connection is of no more use. */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    if (this.rest.length + this.chunkBytes + chunk.length < this.needed) {
      this.chunks.push(chunk);
      this.chunkBytes += chunk.length;
      return;
    }
    let bytes = chunk;
    if (this.rest.length > 0 || this.chunkBytes > 0)
      bytes = Buffer.concat([this.rest, ...this.chunks, chunk]);
    this.chunks = [];
    this.chunkBytes = 0;
    let offset = 0;
    for (;;) {
      const end = frameEnd(bytes, offset);
      this.needed = end - offset;
      if (end > bytes.length) break;
      take(readFrame(bytes, offset, end));
      offset = end;
    }
    this.rest = bytes.subarray(offset);
  }
}

/** Where the frame at `offset` ends; where its head would, if that is not all there. */
function frameEnd(bytes: Buffer, offset: number): number {
  if (bytes.length - offset < HEAD_BYTES) return offset + HEAD_BYTES;
  const length = bytes.readUInt32LE(offset);
  if (length < LABEL_BYTES || length > FRAME_BYTES_MAX)
    throw new MalformedBytes(`a frame of ${length} bytes`);
  return offset + HEAD_BYTES - LABEL_BYTES + length;
}

function readFrame(bytes: Buffer, offset: number, end: number): Frame {
  if (crc32(bytes.subarray(offset + 8, end)) !== bytes.readUInt32LE(offset + 4))
    throw new MalformedBytes('a frame whose checksum is wrong');
  const lane = LANE_OF_CODE.get(bytes[offset + 8]!);
  if (lane === undefined) throw new MalformedBytes(`a frame on lane ${bytes[offset + 8]}`);
  const group = bytes.readUInt16LE(offset + 9);
  if (group !== GROUP_ZERO) throw new MalformedBytes(`a frame of group ${group}`);
  return { lane, bytes: bytes.subarray(offset + HEAD_BYTES, end) };
}

/** What a peer says wrongly is its fault, not ours: undefined. */
export function decodedOr<Value>(decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}
