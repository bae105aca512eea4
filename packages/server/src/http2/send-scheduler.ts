/**
 * The sending side of a connection: header blocks at once, DATA as far as the peer's windows and the socket reach, and
 * the rest in turn, a frame a stream (RFC 9113 section 5.2). Knows nothing of what arrives.
 */
import type { ConnectionOutput } from './connection-output.ts';
import { DEFAULT_WINDOW_BYTES, FLAG, FRAME, WINDOW_BYTES_LARGEST } from './frames.ts';
import type { Http2Limits } from './limits.ts';
import type { PingGuard } from './ping-guard.ts';
import type { PeerSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** A table size update to 0 (RFC 7541 section 6.3). */
const EMPTY_TABLE = Buffer.from([0x20]);

export class SendScheduler {
  readonly output: ConnectionOutput;
  readonly limits: Http2Limits;
  private readonly peer: PeerSettings;
  private readonly pings: PingGuard;
  /** What the peer allows on all streams together. */
  private window = DEFAULT_WINDOW_BYTES;
  /** Streams with DATA queued that only `window` or the socket holds back, in the order of their turn. */
  private readonly ready = new Set<Http2Stream>();
  /** DATA that waits in all streams. */
  queuedBytes = 0;
  /**
   * The peer shrank the table that our blocks may use. Ours use none; once told that it is empty, the peer needs no
   * further word (RFC 7541 section 4.2).
   */
  confirmsEmptyTable = false;

  constructor(output: ConnectionOutput, limits: Http2Limits, peer: PeerSettings, pings: PingGuard) {
    this.output = output;
    this.limits = limits;
    this.peer = peer;
    this.pings = pings;
  }

  /** Bytes of DATA that may be framed for this stream now, in one frame. */
  dataRoom(stream: Http2Stream): number {
    if (!this.output.hasRoom) return 0;
    return Math.min(this.window, stream.sendWindow, this.peer.frameBytesMax);
  }

  spendWindow(stream: Http2Stream, bytes: number): void {
    this.window -= bytes;
    stream.sendWindow -= bytes;
    this.pings.answerSent();
  }

  writeData(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, flags: number): void {
    this.spendWindow(stream, end - start);
    this.output.framePart(FRAME.data, flags, stream.id, bytes, start, end);
  }

  writeHeaderBlock(streamId: number, block: Buffer, flags: number): void {
    const { output } = this;
    this.pings.answerSent();
    if (this.confirmsEmptyTable) {
      this.confirmsEmptyTable = false;
      block = Buffer.concat([EMPTY_TABLE, block]);
    }
    const { frameBytesMax } = this.peer;
    if (block.length <= frameBytesMax) {
      output.frame(FRAME.headers, flags | FLAG.endHeaders, streamId, block);
      return;
    }
    output.framePart(FRAME.headers, flags, streamId, block, 0, frameBytesMax);
    for (let start = frameBytesMax; start < block.length; start += frameBytesMax) {
      const end = Math.min(start + frameBytesMax, block.length);
      const last = end === block.length ? FLAG.endHeaders : 0;
      output.framePart(FRAME.continuation, last, streamId, block, start, end);
    }
  }

  queuedMore(stream: Http2Stream, bytes: number): void {
    this.queuedBytes += bytes;
    if (stream.sendWindow > 0) this.ready.add(stream);
  }

  queuedLess(bytes: number): void {
    this.queuedBytes -= bytes;
  }

  /** The connection's window grew. `false`: past the largest there is. */
  widen(increment: number): boolean {
    this.window += increment;
    if (this.window > WINDOW_BYTES_LARGEST) return false;
    this.sendReady();
    return true;
  }

  /** A stream's window grew, or shrank. `false`: past the largest there is. */
  widenStream(stream: Http2Stream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > WINDOW_BYTES_LARGEST) return false;
    if (stream.queuedBytes === 0 || stream.sendWindow <= 0) return true;
    this.ready.add(stream);
    this.sendReady();
    return true;
  }

  forget(stream: Http2Stream): void {
    if (this.ready.size > 0) this.ready.delete(stream);
  }

  forgetAll(): void {
    this.ready.clear();
  }

  /** Goes round the streams that wait, a frame each, as far as window and socket reach. */
  sendReady(): void {
    const { ready, output } = this;
    while (ready.size > 0) {
      for (const stream of ready) {
        if (this.window <= 0 || !output.hasRoom) return;
        ready.delete(stream);
        if (stream.closed || stream.queuedBytes === 0 || stream.sendWindow <= 0) continue;
        stream.sendQueued();
        // To the end of the line; this round comes to it again.
        if (stream.queuedBytes > 0 && stream.sendWindow > 0) ready.add(stream);
      }
    }
  }
}
