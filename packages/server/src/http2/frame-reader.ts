/**
 * Cuts what a socket delivers into frames (RFC 9113 section 4.1). A frame that lies whole in one chunk is handed on as a
 * part of it, without a copy. Knows lengths, not meanings.
 */
import { FRAME_HEADER_BYTES, readUint31 } from './frames.ts';

const NOTHING: Buffer<ArrayBufferLike> = Buffer.alloc(0);

/** One object a reader, overwritten by the next frame. The bytes themselves may be kept. */
export class Frame {
  type = 0;
  flags = 0;
  streamId = 0;
  /** The payload is bytes[start..end). */
  bytes = NOTHING;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

export interface FrameSink {
  /** `false`: read no further. */
  frame(frame: Frame): boolean;
  /** A frame longer than allowed was announced; nothing more is read. */
  frameTooLarge(length: number, type: number): void;
}

export class FrameReader {
  private readonly sink: FrameSink;
  private readonly frameBytesMax: number;
  private readonly frame = new Frame();
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
    const { frame } = this;
    while (!this.stopped && chunk.length - offset >= FRAME_HEADER_BYTES) {
      const payloadBytes = (chunk[offset]! << 16) | (chunk[offset + 1]! << 8) | chunk[offset + 2]!;
      if (!this.accepts(payloadBytes, chunk[offset + 3]!)) return;
      const start = offset + FRAME_HEADER_BYTES;
      const end = start + payloadBytes;
      if (end > chunk.length) break;
      frame.type = chunk[offset + 3]!;
      frame.flags = chunk[offset + 4]!;
      frame.streamId = readUint31(chunk, offset + 5);
      frame.bytes = chunk;
      frame.start = start;
      frame.end = end;
      this.stopped = !this.sink.frame(frame);
      offset = end;
    }
    if (!this.stopped && offset < chunk.length) this.continueFrame(chunk, offset);
  }

  private accepts(payloadBytes: number, type: number): boolean {
    if (payloadBytes <= this.frameBytesMax) return true;
    this.stopped = true;
    this.sink.frameTooLarge(payloadBytes, type);
    return false;
  }

  /** Takes what the frame in pieces still lacks; returns the offset behind it. */
  private continueFrame(chunk: Buffer<ArrayBufferLike>, offset: number): number {
    const { header, frame } = this;
    if (this.headerFilled < FRAME_HEADER_BYTES) {
      while (this.headerFilled < FRAME_HEADER_BYTES && offset < chunk.length)
        header[this.headerFilled++] = chunk[offset++]!;
      if (this.headerFilled < FRAME_HEADER_BYTES) return offset;
      const payloadBytes = (header[0]! << 16) | (header[1]! << 8) | header[2]!;
      if (!this.accepts(payloadBytes, header[3]!)) return offset;
      this.payload = payloadBytes === 0 ? NOTHING : Buffer.allocUnsafeSlow(payloadBytes);
      this.payloadFilled = 0;
    }
    const taken = chunk.copy(this.payload, this.payloadFilled, offset);
    this.payloadFilled += taken;
    offset += taken;
    if (this.payloadFilled < this.payload.length) return offset;
    frame.type = header[3]!;
    frame.flags = header[4]!;
    frame.streamId = readUint31(header, 5);
    frame.bytes = this.payload;
    frame.start = 0;
    frame.end = this.payload.length;
    this.payload = NOTHING;
    this.headerFilled = 0;
    this.stopped = !this.sink.frame(frame);
    return offset;
  }
}
