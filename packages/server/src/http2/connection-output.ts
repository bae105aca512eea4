/**
 * The outgoing side of one socket: frames are written side by side into one buffer, and leave in one write at the end of
 * the turn. Says when the socket has no room. Knows what a frame's header is, not what frames mean.
 */

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FRAME_HEADER_BYTES, writeFrameHeader } from './frames.ts';
import { OUTPUT_BUFFER_BYTES_MAX, OUTPUT_BUFFER_BYTES_MIN, TURN_BYTES_MAX } from './limits.ts';
import type { TurnFlusher } from './turn-flusher.ts';

const NOTHING = Buffer.alloc(0);

export class ConnectionOutput {
  private readonly socket: Duplex;
  private readonly flusher: TurnFlusher;
  private readonly flushed: () => void;
  /** Native sockets are done with a buffer when they say so; any other stream may keep it. */
  private readonly reusesBuffers: boolean;
  /** What `reserve` made room in; bytes up to `length` are written. */
  buffer: Buffer = NOTHING;
  length = 0;
  /** Buffers filled before `buffer` in this turn. */
  private full: Buffer[] = [];
  private fullBytes = 0;
  private awaitsFlush = false;
  private capacityBytes = OUTPUT_BUFFER_BYTES_MIN;
  private usedSinceTick = false;
  /** The socket took more than it could pass on; until `drain` only control frames leave. */
  private blocked = false;
  private closed = false;
  /** Bytes handed to the socket in this life. */
  bytesSent = 0;

  /** `flushed` is called after each write that left room, and when the socket has room again. */
  constructor(socket: Duplex, flusher: TurnFlusher, flushed: () => void) {
    this.socket = socket;
    this.flusher = flusher;
    this.flushed = flushed;
    this.reusesBuffers = socket instanceof Socket;
    socket.on('drain', () => {
      this.blocked = false;
      flushed();
    });
  }

  /** Whether DATA may be framed now. */
  get hasRoom(): boolean {
    return !this.blocked && this.fullBytes + this.length < TURN_BYTES_MAX;
  }

  /** Bytes that wait because the peer does not read; 0 while the socket takes what it gets. */
  get unreadBytes(): number {
    return this.blocked ? this.fullBytes + this.length + this.socket.writableLength : 0;
  }

  /** Makes `bytes` writable at `buffer[length]`; the caller then moves `length`. */
  reserve(bytes: number): void {
    if (!this.awaitsFlush) {
      this.awaitsFlush = true;
      this.flusher.add(this);
    }
    if (this.buffer.length - this.length < bytes) this.makeRoom(bytes);
  }

  private makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= OUTPUT_BUFFER_BYTES_MAX) {
      while (this.capacityBytes < needed) this.capacityBytes *= 2;
      const grown = Buffer.allocUnsafeSlow(this.capacityBytes);
      this.buffer.copy(grown, 0, 0, this.length);
      this.buffer = grown;
      return;
    }
    if (this.length > 0) {
      this.full.push(this.buffer.subarray(0, this.length));
      this.fullBytes += this.length;
    }
    this.buffer = Buffer.allocUnsafeSlow(Math.max(this.capacityBytes, bytes));
    this.length = 0;
  }

  /** Bytes that are no frame: the preface. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.framePart(type, flags, streamId, payload, 0, payload.length);
  }

  /** One frame whose payload is payload[start..end). */
  framePart(
    type: number,
    flags: number,
    streamId: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): void {
    const bytes = end - start;
    this.reserve(FRAME_HEADER_BYTES + bytes);
    const at = writeFrameHeader(this.buffer, this.length, bytes, type, flags, streamId);
    if (bytes === payload.length) this.buffer.set(payload, at);
    else this.buffer.set(payload.subarray(start, end), at);
    this.length = at + bytes;
  }

  flush(): void {
    this.awaitsFlush = false;
    if (this.closed) return;
    const { socket, full } = this;
    const bytes = this.fullBytes + this.length;
    if (bytes === 0) return;
    this.bytesSent += bytes;
    this.usedSinceTick = true;
    const last = this.buffer.subarray(0, this.length);
    if (full.length === 0) {
      socket.write(last);
    } else {
      this.full = [];
      this.fullBytes = 0;
      socket.cork();
      for (const part of full) socket.write(part);
      socket.write(last);
      socket.uncork();
    }
    this.length = 0;
    if (socket.writableLength > 0 || !this.reusesBuffers) this.buffer = NOTHING;
    this.blocked = socket.writableNeedDrain;
    if (!this.blocked) this.flushed();
  }

  /** Gives back the buffer of a connection that was silent since the last tick. */
  tick(): void {
    if (!this.usedSinceTick && this.length === 0) {
      this.buffer = NOTHING;
      this.capacityBytes = OUTPUT_BUFFER_BYTES_MIN;
    }
    this.usedSinceTick = false;
  }

  /** Nothing is written any more. */
  close(): void {
    this.closed = true;
    this.buffer = NOTHING;
    this.length = 0;
    this.full = [];
    this.fullBytes = 0;
  }
}
