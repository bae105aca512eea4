/**
 * Cuts what a socket delivers into frames (RFC 9113 section 4.1). A frame that lies whole in one chunk is handed on as a
 * part of it, without a copy. Knows lengths, not meanings.
 */
import { FRAME_HEADER_BYTES, readUint31 } from './frames.ts';

export interface FrameSink {
  /** The payload is bytes[start..end), and stays as it is. `false`: read no further. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): boolean;
  /** A frame longer than allowed was announced; nothing more is read. */
  frameTooLarge(length: number, type: number): void;
}

const NOTHING: Buffer<ArrayBufferLike> = Buffer.alloc(0);

export class FrameReader {
  private readonly sink: FrameSink;
  private readonly frameBytesMax: number;
  /** A header that came in pieces. */
  private readonly header = Buffer.alloc(FRAME_HEADER_BYTES);
  private headerFilled = 0;
  /** A payload that comes in pieces; its frame's header is in `header`. */
  private payload = NOTHING;
  private payloadFilled = 0;
  private stopped = false;

  constructor(sink: FrameSink, frameBytesMax: number) {
    this.sink = sink;
    this.frameBytesMax = frameBytesMax;
  }

  push(chunk: Buffer<ArrayBufferLike>, offset: number): void {
    if (this.headerFilled > 0) offset = this.continueFrame(chunk, offset);
    const length = chunk.length;
    while (!this.stopped && length - offset >= FRAME_HEADER_BYTES) {
      const payloadBytes = (chunk[offset]! << 16) | (chunk[offset + 1]! << 8) | chunk[offset + 2]!;
      if (payloadBytes > this.frameBytesMax) {
        this.refuse(payloadBytes, chunk[offset + 3]!);
        return;
      }
      const start = offset + FRAME_HEADER_BYTES;
      const end = start + payloadBytes;
      if (end > length) break;
      const streamId = readUint31(chunk, offset + 5);
      this.stopped = !this.sink.frame(chunk[offset + 3]!, chunk[offset + 4]!, streamId, chunk, start, end);
      offset = end;
    }
    if (!this.stopped && offset < length) this.continueFrame(chunk, offset);
  }

  private refuse(payloadBytes: number, type: number): void {
    this.stopped = true;
    this.sink.frameTooLarge(payloadBytes, type);
  }

  /** Takes what the frame in pieces still lacks; returns the offset behind it. */
  private continueFrame(chunk: Buffer<ArrayBufferLike>, offset: number): number {
    const header = this.header;
    if (this.headerFilled < FRAME_HEADER_BYTES) {
      while (this.headerFilled < FRAME_HEADER_BYTES && offset < chunk.length)
        header[this.headerFilled++] = chunk[offset++]!;
      if (this.headerFilled < FRAME_HEADER_BYTES) return offset;
      const payloadBytes = (header[0]! << 16) | (header[1]! << 8) | header[2]!;
      if (payloadBytes > this.frameBytesMax) {
        this.refuse(payloadBytes, header[3]!);
        return offset;
      }
      this.payload = payloadBytes === 0 ? NOTHING : Buffer.allocUnsafeSlow(payloadBytes);
      this.payloadFilled = 0;
    }
    const taken = chunk.copy(this.payload, this.payloadFilled, offset);
    this.payloadFilled += taken;
    offset += taken;
    if (this.payloadFilled < this.payload.length) return offset;
    const payload = this.payload;
    this.payload = NOTHING;
    this.headerFilled = 0;
    const streamId = readUint31(header, 5);
    this.stopped = !this.sink.frame(header[3]!, header[4]!, streamId, payload, 0, payload.length);
    return offset;
  }
}
