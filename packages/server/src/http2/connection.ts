/**
 * One HTTP/2 connection over any duplex stream, at either end (RFC 9113): every frame that arrives comes through here,
 * is checked, and moves a stream, a window or the connection's own end. Knows nothing of what is said in the streams.
 */
import type { Duplex } from 'node:stream';
import { ClosedStreams, type StreamEnding } from './closed-streams.ts';
import type { ConnectionDeadline, ConnectionEnd, ConnectionLimit } from './connection-end.ts';
import { ConnectionOutput } from './connection-output.ts';
import { FrameBudget } from './frame-budget.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import {
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  PREFACE,
  readUint31,
  readUint32,
  STREAM_ID_LARGEST,
  WINDOW_BYTES_LARGEST,
  writeFrameHeader,
  writeUint32,
} from './frames.ts';
import { HeaderBlockInParts } from './header-block.ts';
import { HpackDecoder, HpackError } from './hpack/decoder.ts';
import { DEFAULT_TABLE_BYTES, encodeStateless, HpackEncoder } from './hpack/encoder.ts';
import type { HeaderList } from './hpack/header-field.ts';
import type { Http2Limits, KeepaliveLimits } from './limits.ts';
import { PingGuard } from './ping-guard.ts';
import { applySettings, type ConnectionRole, encodeSettings, initialPeerSettings } from './settings.ts';
import { Http2Stream, type StreamHandler } from './stream.ts';
import type { TurnFlusher } from './turn-flusher.ts';

/** Who owns a connection. */
export interface ConnectionHost {
  /** Server: a request began. The handler is told the rest. */
  streamOpened(stream: Http2Stream, headers: HeaderList): StreamHandler;
  /** Client: a place for a stream may have come free, or the peer now allows more. */
  streamsFreed(): void;
  /** Called once. No stream is left; the socket may still be closing. */
  connectionEnded(end: ConnectionEnd): void;
}

export interface ConnectionOptions {
  readonly socket: Duplex;
  readonly role: ConnectionRole;
  readonly host: ConnectionHost;
  readonly limits: Http2Limits;
  readonly keepalive: KeepaliveLimits;
  readonly flusher: TurnFlusher;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

type ConnectionState = 'open' | 'draining' | 'ended';

const HEADERS_TOO_LARGE = encodeStateless([[':status', '431']]);
const SMALLEST_TABLE = Buffer.from([0x20]);
const DRAIN_PING = Buffer.from('draining', 'latin1');
const KEEPALIVE_PING = Buffer.from('keepaliv', 'latin1');
const PRIORITY_BYTES = 5;

export class Http2Connection implements FrameSink {
  readonly limits: Http2Limits;
  readonly output: ConnectionOutput;
  /** Client: fills the peer's table. A server's answers are written without one. */
  readonly encoder = new HpackEncoder();
  private readonly socket: Duplex;
  private readonly role: ConnectionRole;
  private readonly host: ConnectionHost;
  private readonly clock: () => number;
  private readonly reader: FrameReader;
  private readonly decoder: HpackDecoder;
  private readonly pings: PingGuard;
  private readonly peer = initialPeerSettings();
  private readonly streams = new Map<number, Http2Stream>();
  private readonly closedStreams = new ClosedStreams();
  /** Streams with DATA queued that only the connection's window or the socket holds back, in the order of their turn. */
  private readonly ready = new Set<Http2Stream>();
  private readonly streamResets: FrameBudget;
  private readonly settingsFrames: FrameBudget;
  private readonly pingFrames: FrameBudget;
  private readonly emptyDataFrames: FrameBudget;
  private readonly idleFrames: FrameBudget;
  private state: ConnectionState = 'open';
  /** Read once a chunk. */
  private nowMs: number;
  private readonly openedAtMs: number;
  private prefaceLeft: number;
  private settingsSeen = false;
  /** The highest id the peer opened; monotonic. */
  private lastPeerStreamId = 0;
  private nextOwnStreamId = 1;
  /** Server, after GOAWAY: requests above it are not taken. */
  private lastTakenStreamId = STREAM_ID_LARGEST;
  private sendWindow = DEFAULT_WINDOW_BYTES;
  private receiveWindow: number;
  private receivedUnreturned = 0;
  /** DATA that waits in all streams. */
  queuedBytes = 0;
  private block: HeaderBlockInParts | undefined = undefined;
  /** Server: the peer shrank our table, which our next block must confirm (RFC 7541 section 4.2). */
  private confirmSmallestTable = false;
  private socketError: Error | undefined = undefined;
  private destroyAtMs = Number.POSITIVE_INFINITY;
  bytesReceived = 0;
  streamsOpened = 0;

  constructor(options: ConnectionOptions) {
    const { socket, role, limits } = options;
    this.socket = socket;
    this.role = role;
    this.host = options.host;
    this.limits = limits;
    this.clock = options.clock;
    this.nowMs = options.clock();
    this.openedAtMs = this.nowMs;
    this.prefaceLeft = role === 'server' ? PREFACE.length : 0;
    this.receiveWindow = limits.connectionWindowBytes;
    this.reader = new FrameReader(this, limits.frameBytesMax);
    this.decoder = new HpackDecoder({
      tableBytesMax: limits.headerTableBytesMax,
      listBytesMax: limits.headerListBytesMax,
    });
    this.pings = new PingGuard(options.keepalive, this.nowMs);
    this.streamResets = new FrameBudget(limits.streamResets, this.nowMs);
    this.settingsFrames = new FrameBudget(limits.settingsFrames, this.nowMs);
    this.pingFrames = new FrameBudget(limits.pingFrames, this.nowMs);
    this.emptyDataFrames = new FrameBudget(limits.emptyDataFrames, this.nowMs);
    this.idleFrames = new FrameBudget(limits.idleFrames, this.nowMs);
    this.output = new ConnectionOutput(socket, options.flusher, () => this.sendReady());
    this.start();
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error: Error) => {
      this.socketError = error;
    });
    socket.on('end', () => this.socketClosed());
    socket.on('close', () => this.socketClosed());
  }

  private start(): void {
    const { output, limits } = this;
    if (this.role === 'client') {
      output.reserve(PREFACE.length);
      output.buffer.set(PREFACE, output.length);
      output.length += PREFACE.length;
    }
    output.frame(FRAME.settings, 0, 0, encodeSettings(this.role, limits));
    if (limits.connectionWindowBytes > DEFAULT_WINDOW_BYTES)
      this.writeWindowUpdate(0, limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
  }

  // ---- what the owner may ask ----

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** Client: whether `open` would be heard now. */
  get mayOpen(): boolean {
    return (
      this.state === 'open' &&
      this.streams.size < this.peer.concurrentStreamsMax &&
      this.nextOwnStreamId <= STREAM_ID_LARGEST
    );
  }

  /** Client: begins a request whose head is `block`. Only while `mayOpen`. */
  open(block: Buffer, handler: StreamHandler): Http2Stream {
    const stream = new Http2Stream(
      this,
      this.nextOwnStreamId,
      this.peer.streamWindowBytes,
      this.limits.streamWindowBytes,
    );
    this.nextOwnStreamId += 2;
    this.streamsOpened++;
    stream.handler = handler;
    this.streams.set(stream.id, stream);
    this.writeHeaderBlock(stream.id, block, 0);
    return stream;
  }

  /**
   * Ends the connection after the streams that are open. A server first says so without a number and pings, so that
   * requests already on their way are still taken (section 6.8).
   */
  shutDown(): void {
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.writeGoaway(ERROR_CODE.noError, '', STREAM_ID_LARGEST);
    if (this.role === 'server') this.output.frame(FRAME.ping, 0, 0, DRAIN_PING);
    else this.endIfDrained();
  }

  /** Ends it now. */
  destroy(end: ConnectionEnd = { kind: 'shutdown' }): void {
    this.finish(end, ERROR_CODE.cancel);
    this.socket.destroy();
  }

  /** Looks at every deadline; called about every TICK_MS. */
  tick(): void {
    const nowMs = this.clock();
    if (nowMs >= this.destroyAtMs) this.socket.destroy();
    this.output.tick();
    if (this.state === 'ended') return;
    if (!this.settingsSeen && nowMs - this.openedAtMs >= this.limits.prefaceTimeoutMs) {
      this.missDeadline('prefaceTimeoutMs');
      return;
    }
    if (this.block !== undefined && nowMs - this.block.beganAtMs >= this.limits.headerBlockTimeoutMs) {
      this.missDeadline('headerBlockTimeoutMs');
      return;
    }
    const step = this.pings.tick(nowMs);
    if (step === 'ping') this.output.frame(FRAME.ping, 0, 0, KEEPALIVE_PING);
    if (step === 'giveUp') this.missDeadline('pingTimeoutMs');
  }

  /** Bytes that came before this object was made. */
  receive(chunk: Buffer<ArrayBufferLike>): void {
    this.bytesReceived += chunk.length;
    if (this.state === 'ended') return;
    this.nowMs = this.clock();
    this.pings.bytesReceived(this.nowMs);
    if (this.output.unreadBytes > this.limits.unreadFrameBytesMax) {
      this.destroy({ kind: 'limitReached', limit: 'unreadFrameBytesMax' });
      return;
    }
    let offset = 0;
    while (this.prefaceLeft > 0 && offset < chunk.length) {
      if (chunk[offset++] !== PREFACE[PREFACE.length - this.prefaceLeft--]) {
        this.violate(ERROR_CODE.protocolError, 'the preface is not HTTP/2');
        return;
      }
    }
    if (offset < chunk.length) this.reader.push(chunk, offset);
  }

  // ---- frames that arrive ----

  frameTooLarge(length: number, type: number): void {
    this.violate(
      ERROR_CODE.frameSizeError,
      `a frame of type ${type} and ${length} bytes, ${this.limits.frameBytesMax} are allowed`,
    );
  }

  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): boolean {
    if (this.block !== undefined && (type !== FRAME.continuation || streamId !== this.block.streamId)) {
      this.violate(ERROR_CODE.protocolError, 'another frame within a header block');
    } else if (!this.settingsSeen && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      this.violate(ERROR_CODE.protocolError, 'the first frame is not SETTINGS');
    } else {
      this.dispatch(type, flags, streamId, bytes, start, end);
    }
    return this.state !== 'ended';
  }

  private dispatch(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case FRAME.data:
        this.onData(flags, streamId, bytes, start, end);
        return;
      case FRAME.headers:
        this.onHeaders(flags, streamId, bytes, start, end);
        return;
      case FRAME.priority:
        this.onPriority(streamId, bytes, start, end);
        return;
      case FRAME.rstStream:
        this.onRstStream(streamId, bytes, start, end);
        return;
      case FRAME.settings:
        this.onSettings(flags, streamId, bytes, start, end);
        return;
      case FRAME.pushPromise:
        this.violate(ERROR_CODE.protocolError, 'PUSH_PROMISE is not allowed');
        return;
      case FRAME.ping:
        this.onPing(flags, streamId, bytes, start, end);
        return;
      case FRAME.goaway:
        this.onGoaway(streamId, bytes, start, end);
        return;
      case FRAME.windowUpdate:
        this.onWindowUpdate(streamId, bytes, start, end);
        return;
      case FRAME.continuation:
        this.onContinuation(flags, bytes, start, end);
        return;
      default:
        // Unknown types are ignored (section 4.1).
        this.spend(this.idleFrames, 'idleFrames');
        return;
    }
  }

  private onData(
    flags: number,
    streamId: number,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): void {
    const flowBytes = end - start;
    if (streamId === 0) {
      this.violate(ERROR_CODE.protocolError, 'DATA on stream 0');
      return;
    }
    this.receiveWindow -= flowBytes;
    if (this.receiveWindow < 0) {
      this.violate(ERROR_CODE.flowControlError, 'DATA past the connection window');
      return;
    }
    this.returnConnectionWindow(flowBytes);
    if ((flags & FLAG.padded) !== 0) {
      const padding = start < end ? bytes[start]! : 0;
      if (padding >= end - start) {
        this.violate(ERROR_CODE.protocolError, 'more padding than frame');
        return;
      }
      start++;
      end -= padding;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.remoteEnded) {
      this.onFrameOfClosed(streamId, stream, 'DATA');
      return;
    }
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) {
      this.abandonStream(stream, ERROR_CODE.flowControlError);
      return;
    }
    if (this.role === 'client' && !stream.headersReceived) {
      this.abandonStream(stream, ERROR_CODE.protocolError);
      return;
    }
    const ends = (flags & FLAG.endStream) !== 0;
    if (start === end && !ends) {
      this.returnStreamWindow(stream, flowBytes);
      this.spend(this.emptyDataFrames, 'emptyDataFrames');
      return;
    }
    if (stream.contentBytesLeft >= 0) {
      stream.contentBytesLeft -= end - start;
      if (stream.contentBytesLeft < 0 || (ends && stream.contentBytesLeft > 0)) {
        this.abandonStream(stream, ERROR_CODE.protocolError);
        return;
      }
    }
    if (!ends) this.returnStreamWindow(stream, flowBytes);
    if (start < end) stream.handler.onData(bytes, start, end);
    if (ends) this.remoteSideEnded(stream, undefined);
  }

  private onHeaders(
    flags: number,
    streamId: number,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): void {
    if (streamId === 0) {
      this.violate(ERROR_CODE.protocolError, 'HEADERS on stream 0');
      return;
    }
    let padding = 0;
    if ((flags & FLAG.padded) !== 0) padding = start < end ? bytes[start++]! : 1;
    let dependsOnItself = false;
    if ((flags & FLAG.priority) !== 0) {
      dependsOnItself = end - start >= PRIORITY_BYTES && readUint31(bytes, start) === streamId;
      start += PRIORITY_BYTES;
    }
    end -= padding;
    if (start > end) {
      this.violate(ERROR_CODE.protocolError, 'HEADERS shorter than its padding and priority');
      return;
    }
    if (dependsOnItself) {
      this.violate(ERROR_CODE.protocolError, 'a stream depends on itself');
      return;
    }
    const ends = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) {
      this.onBlock(streamId, ends, bytes, start, end);
      return;
    }
    this.block = new HeaderBlockInParts(this.limits, streamId, ends, this.nowMs);
    this.addToBlock(this.block, bytes.subarray(start, end));
  }

  private onContinuation(flags: number, bytes: Buffer<ArrayBufferLike>, start: number, end: number): void {
    const { block } = this;
    if (block === undefined) {
      this.violate(ERROR_CODE.protocolError, 'CONTINUATION of nothing');
      return;
    }
    this.addToBlock(block, bytes.subarray(start, end));
    if ((flags & FLAG.endHeaders) === 0 || this.state === 'ended') return;
    this.block = undefined;
    const whole = block.whole();
    this.onBlock(block.streamId, block.endStream, whole, 0, whole.length);
  }

  private addToBlock(block: HeaderBlockInParts, part: Uint8Array): void {
    const limit = block.add(part);
    if (limit !== undefined) this.breachLimit(limit);
  }

  /** Every block is decoded, whatever becomes of it: the tables of both sides must agree. */
  private onBlock(
    streamId: number,
    ends: boolean,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): void {
    let headers: HeaderList;
    try {
      headers = this.decoder.decode(bytes, start, end);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      this.violate(ERROR_CODE.compressionError, error.message);
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.onLaterBlock(stream, headers, ends);
      return;
    }
    if (this.role === 'server' && streamId % 2 === 1 && streamId > this.lastPeerStreamId) {
      this.onRequest(streamId, headers, ends);
      return;
    }
    const ending = this.closedStreams.endingOf(streamId);
    if (ending === 'resetByUs') {
      this.spend(this.idleFrames, 'idleFrames');
      return;
    }
    if (ending === undefined) {
      this.violate(ERROR_CODE.protocolError, `HEADERS on stream ${streamId}`);
      return;
    }
    this.violate(ERROR_CODE.streamClosed, `HEADERS on closed stream ${streamId}`);
  }

  private onRequest(streamId: number, headers: HeaderList, ends: boolean): void {
    this.lastPeerStreamId = streamId;
    if (streamId > this.lastTakenStreamId) return;
    const stream = new Http2Stream(
      this,
      streamId,
      this.peer.streamWindowBytes,
      this.limits.streamWindowBytes,
    );
    if (this.streams.size >= this.limits.concurrentStreamsMax) {
      this.refuseRequest(stream, ERROR_CODE.refusedStream);
      return;
    }
    if (headers.tooLarge) {
      this.writeHeaderBlock(streamId, HEADERS_TOO_LARGE, FLAG.endStream);
      this.refuseRequest(stream, ERROR_CODE.noError);
      return;
    }
    if (!headers.isRequest || !this.contentLengthFits(stream, headers, ends)) {
      this.refuseRequest(stream, ERROR_CODE.protocolError);
      return;
    }
    this.streamsOpened++;
    this.streams.set(streamId, stream);
    stream.headersReceived = true;
    stream.handler = this.host.streamOpened(stream, headers);
    if (ends && !stream.closed) this.remoteSideEnded(stream, undefined);
  }

  private refuseRequest(stream: Http2Stream, code: number): void {
    this.writeRstStream(stream.id, code);
    this.closedStreams.remember(stream.id, 'resetByUs');
    this.spend(this.streamResets, 'streamResets');
  }

  private contentLengthFits(stream: Http2Stream, headers: HeaderList, ends: boolean): boolean {
    const stated = headers.contentLength;
    if (stated === undefined) return true;
    if (!/^\d{1,15}$/.test(stated)) return false;
    stream.contentBytesLeft = Number(stated);
    return !ends || stream.contentBytesLeft === 0;
  }

  /** A client's answer, or either side's trailers. */
  private onLaterBlock(stream: Http2Stream, headers: HeaderList, ends: boolean): void {
    if (stream.remoteEnded) {
      this.abandonStream(stream, ERROR_CODE.streamClosed);
      return;
    }
    if (headers.tooLarge) {
      this.abandonStream(stream, ERROR_CODE.enhanceYourCalm);
      return;
    }
    if (!stream.headersReceived) {
      if (!headers.isResponse) {
        this.abandonStream(stream, ERROR_CODE.protocolError);
        return;
      }
      // An interim answer (1xx) announces the one that counts.
      if (headers.status!.startsWith('1') && !ends) return;
      stream.headersReceived = true;
      stream.handler.onHeaders(headers);
      if (ends && !stream.closed) this.remoteSideEnded(stream, undefined);
      return;
    }
    const complete = stream.contentBytesLeft <= 0;
    if (!ends || !headers.isTrailers || !complete) {
      this.abandonStream(stream, ERROR_CODE.protocolError);
      return;
    }
    this.remoteSideEnded(stream, headers);
  }

  private onPriority(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId === 0) {
      this.violate(ERROR_CODE.protocolError, 'PRIORITY on stream 0');
      return;
    }
    if (end - start !== PRIORITY_BYTES) {
      this.streamError(streamId, ERROR_CODE.frameSizeError);
      return;
    }
    if (readUint31(bytes, start) === streamId) {
      this.streamError(streamId, ERROR_CODE.protocolError);
      return;
    }
    this.spend(this.idleFrames, 'idleFrames');
  }

  private onRstStream(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId === 0) {
      this.violate(ERROR_CODE.protocolError, 'RST_STREAM on stream 0');
      return;
    }
    if (end - start !== 4) {
      this.violate(ERROR_CODE.frameSizeError, 'RST_STREAM is four bytes');
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.onFrameOfClosed(streamId, undefined, 'RST_STREAM');
      return;
    }
    this.closeStream(stream, 'resetByPeer');
    stream.handler.onReset(readUint32(bytes, start));
    this.spend(this.streamResets, 'streamResets');
  }

  private onSettings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) {
      this.violate(ERROR_CODE.protocolError, 'SETTINGS on a stream');
      return;
    }
    if ((flags & FLAG.ack) !== 0) {
      if (start !== end) this.violate(ERROR_CODE.frameSizeError, 'a SETTINGS acknowledgement with a payload');
      return;
    }
    if ((end - start) % 6 !== 0) {
      this.violate(ERROR_CODE.frameSizeError, 'SETTINGS in part');
      return;
    }
    this.settingsSeen = true;
    const windowBefore = this.peer.streamWindowBytes;
    const tableBefore = this.peer.headerTableBytes;
    const error = applySettings(this.peer, bytes, start, end);
    if (error !== undefined) {
      this.violate(error, 'a setting out of its bounds');
      return;
    }
    if (this.peer.headerTableBytes !== tableBefore) this.applyTableSize();
    this.output.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
    this.applyWindowChange(this.peer.streamWindowBytes - windowBefore);
    this.spend(this.settingsFrames, 'settingsFrames');
    if (this.role === 'client') this.host.streamsFreed();
  }

  private applyTableSize(): void {
    this.encoder.allowTableBytes(this.peer.headerTableBytes);
    // A server's blocks use no table: once told that it is empty, the peer needs no further word.
    this.confirmSmallestTable = this.peer.headerTableBytes < DEFAULT_TABLE_BYTES && this.role === 'server';
  }

  /** The peer's initial window counts for the streams that are open, too (section 6.9.2). */
  private applyWindowChange(change: number): void {
    if (change === 0) return;
    for (const stream of this.streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > WINDOW_BYTES_LARGEST) {
        this.violate(ERROR_CODE.flowControlError, 'a window past 2^31-1');
        return;
      }
      if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.ready.add(stream);
    }
    this.sendReady();
  }

  private onPing(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) {
      this.violate(ERROR_CODE.protocolError, 'PING on a stream');
      return;
    }
    if (end - start !== 8) {
      this.violate(ERROR_CODE.frameSizeError, 'PING is eight bytes');
      return;
    }
    if ((flags & FLAG.ack) !== 0) {
      if (this.state === 'draining' && this.role === 'server') this.announceLastStream();
      return;
    }
    if (this.role === 'server' && !this.pings.pingReceived(this.nowMs, this.streams.size)) {
      this.fail(ERROR_CODE.enhanceYourCalm, 'too_many_pings', {
        kind: 'limitReached',
        limit: 'pingIntervalMsMin',
      });
      return;
    }
    this.output.framePart(FRAME.ping, FLAG.ack, 0, bytes, start, end);
    this.spend(this.pingFrames, 'pingFrames');
  }

  /** The peer has read our first GOAWAY: what it opens from now on it knows to be in vain. */
  private announceLastStream(): void {
    if (this.lastTakenStreamId !== STREAM_ID_LARGEST) return;
    this.lastTakenStreamId = this.lastPeerStreamId;
    this.writeGoaway(ERROR_CODE.noError, '', this.lastTakenStreamId);
    this.endIfDrained();
  }

  private onGoaway(streamId: number, bytes: Buffer<ArrayBufferLike>, start: number, end: number): void {
    if (streamId !== 0) {
      this.violate(ERROR_CODE.protocolError, 'GOAWAY on a stream');
      return;
    }
    if (end - start < 8) {
      this.violate(ERROR_CODE.frameSizeError, 'GOAWAY in part');
      return;
    }
    const lastStreamId = readUint31(bytes, start);
    const code = readUint32(bytes, start + 4);
    if (code !== ERROR_CODE.noError) {
      const text = bytes.toString('latin1', start + 8, Math.min(end, start + 8 + 256));
      this.finish({ kind: 'peerGoaway', code, text }, code);
      this.socket.end();
      this.destroyAtMs = this.nowMs + this.limits.closeTimeoutMs;
      return;
    }
    if (this.role === 'client') {
      for (const stream of [...this.streams.values()]) {
        if (stream.id <= lastStreamId) continue;
        this.closeStream(stream, 'resetByPeer');
        stream.handler.onReset(ERROR_CODE.refusedStream);
      }
    }
    if (this.state === 'open') this.state = 'draining';
    if (this.role === 'server') this.lastTakenStreamId = this.lastPeerStreamId;
    this.endIfDrained();
  }

  private onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== 4) {
      this.violate(ERROR_CODE.frameSizeError, 'WINDOW_UPDATE is four bytes');
      return;
    }
    const increment = readUint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) {
        this.violate(ERROR_CODE.protocolError, 'WINDOW_UPDATE by 0');
        return;
      }
      this.sendWindow += increment;
      if (this.sendWindow > WINDOW_BYTES_LARGEST) {
        this.violate(ERROR_CODE.flowControlError, 'a window past 2^31-1');
        return;
      }
      this.sendReady();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.onFrameOfClosed(streamId, undefined, 'WINDOW_UPDATE');
      return;
    }
    if (increment === 0) {
      this.abandonStream(stream, ERROR_CODE.protocolError);
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > WINDOW_BYTES_LARGEST) {
      this.abandonStream(stream, ERROR_CODE.flowControlError);
      return;
    }
    if (stream.queuedBytes > 0 && stream.sendWindow > 0) {
      this.ready.add(stream);
      this.sendReady();
    }
  }

  /** A frame for a stream that is not open to its sender (section 5.1). */
  private onFrameOfClosed(streamId: number, stream: Http2Stream | undefined, frame: string): void {
    if (stream !== undefined) {
      this.abandonStream(stream, ERROR_CODE.streamClosed);
      return;
    }
    const isOwn = streamId % 2 === (this.role === 'client' ? 1 : 0);
    const highest = isOwn ? (this.role === 'client' ? this.nextOwnStreamId - 2 : 0) : this.lastPeerStreamId;
    if (streamId > highest) {
      this.violate(ERROR_CODE.protocolError, `${frame} on idle stream ${streamId}`);
      return;
    }
    if (
      frame === 'DATA' &&
      this.closedStreams.endingOf(streamId) !== 'resetByUs' &&
      streamId <= this.lastTakenStreamId
    ) {
      this.violate(ERROR_CODE.streamClosed, `DATA on closed stream ${streamId}`);
      return;
    }
    this.spend(this.idleFrames, 'idleFrames');
  }

  // ---- flow control, the receiving side: what came is given back in halves of the window ----

  private returnConnectionWindow(bytes: number): void {
    this.receivedUnreturned += bytes;
    if (this.receivedUnreturned * 2 < this.limits.connectionWindowBytes) return;
    this.writeWindowUpdate(0, this.receivedUnreturned);
    this.receiveWindow += this.receivedUnreturned;
    this.receivedUnreturned = 0;
  }

  private returnStreamWindow(stream: Http2Stream, bytes: number): void {
    stream.receivedUnreturned += bytes;
    if (stream.receivedUnreturned * 2 < this.limits.streamWindowBytes) return;
    this.writeWindowUpdate(stream.id, stream.receivedUnreturned);
    stream.receiveWindow += stream.receivedUnreturned;
    stream.receivedUnreturned = 0;
  }

  // ---- the sending side, for streams ----

  /** Bytes of DATA that may be framed for this stream now, in one frame. */
  dataRoom(stream: Http2Stream): number {
    if (!this.output.hasRoom) return 0;
    return Math.min(this.sendWindow, stream.sendWindow, this.peer.frameBytesMax);
  }

  spendWindow(stream: Http2Stream, bytes: number): void {
    this.sendWindow -= bytes;
    stream.sendWindow -= bytes;
  }

  writeData(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, flags: number): void {
    this.spendWindow(stream, end - start);
    this.output.framePart(FRAME.data, flags, stream.id, bytes, start, end);
  }

  writeHeaderBlock(streamId: number, block: Buffer, flags: number): void {
    this.pings.answerSent();
    if (this.confirmSmallestTable) {
      this.confirmSmallestTable = false;
      block = Buffer.concat([SMALLEST_TABLE, block]);
    }
    const { frameBytesMax } = this.peer;
    if (block.length <= frameBytesMax) {
      this.output.frame(FRAME.headers, flags | FLAG.endHeaders, streamId, block);
      return;
    }
    this.output.framePart(FRAME.headers, flags, streamId, block, 0, frameBytesMax);
    for (let start = frameBytesMax; start < block.length; start += frameBytesMax) {
      const end = Math.min(start + frameBytesMax, block.length);
      const last = end === block.length ? FLAG.endHeaders : 0;
      this.output.framePart(FRAME.continuation, last, streamId, block, start, end);
    }
  }

  queuedMore(stream: Http2Stream, bytes: number): void {
    this.queuedBytes += bytes;
    if (stream.sendWindow > 0) this.ready.add(stream);
  }

  queuedLess(bytes: number): void {
    this.queuedBytes -= bytes;
  }

  /** Goes round the streams that wait, a frame each, as far as window and socket reach. */
  private sendReady(): void {
    const { ready, output } = this;
    while (ready.size > 0 && this.sendWindow > 0 && output.hasRoom && this.state !== 'ended') {
      for (const stream of ready) {
        if (this.sendWindow <= 0 || !output.hasRoom) return;
        ready.delete(stream);
        if (stream.closed || stream.queuedBytes === 0 || stream.sendWindow <= 0) continue;
        stream.sendQueued();
        if (stream.queuedBytes > 0 && stream.sendWindow > 0 && !stream.closed) {
          ready.add(stream);
          break;
        }
      }
    }
  }

  // ---- ends of streams ----

  private remoteSideEnded(stream: Http2Stream, trailers: HeaderList | undefined): void {
    stream.remoteEnded = true;
    if (stream.localFinished) this.closeStream(stream, 'finished');
    stream.handler.onEnd(trailers);
  }

  /** All of our side is in the output. A server's answer ends the exchange, whatever the client still sends. */
  localSideEnded(stream: Http2Stream): void {
    if (stream.closed) return;
    if (stream.remoteEnded) {
      this.closeStream(stream, 'finished');
    } else if (this.role === 'server') {
      this.writeRstStream(stream.id, ERROR_CODE.noError);
      this.closeStream(stream, 'resetByUs');
    }
  }

  /** At the wish of the stream's user. */
  resetStream(stream: Http2Stream, code: number): void {
    this.writeRstStream(stream.id, code);
    this.closeStream(stream, 'resetByUs');
  }

  /** A stream error (section 5.4.2): the peer's doing, so that it counts against it. */
  abandonStream(stream: Http2Stream, code: number): void {
    if (stream.closed) return;
    this.resetStream(stream, code);
    stream.handler.onReset(code);
    this.spend(this.streamResets, 'streamResets');
  }

  private streamError(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.abandonStream(stream, code);
      return;
    }
    this.writeRstStream(streamId, code);
    this.spend(this.streamResets, 'streamResets');
  }

  private closeStream(stream: Http2Stream, ending: StreamEnding): void {
    stream.drop();
    this.streams.delete(stream.id);
    if (this.ready.size > 0) this.ready.delete(stream);
    this.closedStreams.remember(stream.id, ending);
    if (this.state === 'draining') this.endIfDrained();
    else if (this.role === 'client' && this.state === 'open') this.host.streamsFreed();
  }

  // ---- ends of the connection ----

  private spend(budget: FrameBudget, limit: ConnectionLimit): void {
    if (!budget.take(this.nowMs)) this.breachLimit(limit);
  }

  private breachLimit(limit: ConnectionLimit): void {
    this.fail(ERROR_CODE.enhanceYourCalm, `limit: ${limit}`, { kind: 'limitReached', limit });
  }

  private violate(code: number, detail: string): void {
    this.fail(code, detail, { kind: 'protocolViolation', code, detail });
  }

  private missDeadline(deadline: ConnectionDeadline): void {
    this.fail(ERROR_CODE.noError, deadline, { kind: 'deadlineMissed', deadline });
  }

  /** A connection error (section 5.4.1): GOAWAY, then the socket's end. */
  private fail(code: number, text: string, end: ConnectionEnd): void {
    if (this.state === 'ended') return;
    this.writeGoaway(code, text, this.lastPeerStreamId);
    this.close(end, code);
  }

  private endIfDrained(): void {
    if (this.state !== 'draining' || this.streams.size > 0) return;
    // A server waits until its peer knows the last stream.
    if (this.role === 'server' && this.lastTakenStreamId === STREAM_ID_LARGEST) return;
    this.close({ kind: 'shutdown' }, ERROR_CODE.noError);
  }

  private close(end: ConnectionEnd, code: number): void {
    this.output.flush();
    this.finish(end, code);
    this.socket.end();
    // What still arrives is read and dropped: a socket closed with unread bytes would lose our GOAWAY.
    this.destroyAtMs = this.clock() + this.limits.closeTimeoutMs;
  }

  private socketClosed(): void {
    this.finish({ kind: 'socketClosed', error: this.socketError }, ERROR_CODE.cancel);
    if (!this.socket.writableEnded) this.socket.end();
  }

  private finish(end: ConnectionEnd, code: number): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    const left = [...this.streams.values()];
    this.streams.clear();
    this.ready.clear();
    this.block = undefined;
    for (const stream of left) stream.drop();
    this.output.close();
    for (const stream of left) stream.handler.onReset(code);
    this.host.connectionEnded(end);
  }

  // ---- small frames ----

  private writeWindowUpdate(streamId: number, increment: number): void {
    this.writeUint32Frame(FRAME.windowUpdate, streamId, increment);
  }

  private writeRstStream(streamId: number, code: number): void {
    this.writeUint32Frame(FRAME.rstStream, streamId, code);
  }

  private writeUint32Frame(type: number, streamId: number, value: number): void {
    const { output } = this;
    output.reserve(FRAME_HEADER_BYTES + 4);
    const at = writeFrameHeader(output.buffer, output.length, 4, type, 0, streamId);
    writeUint32(output.buffer, at, value);
    output.length = at + 4;
  }

  private writeGoaway(code: number, text: string, lastStreamId: number): void {
    const payload = Buffer.alloc(8 + text.length);
    writeUint32(payload, 0, lastStreamId);
    writeUint32(payload, 4, code);
    payload.write(text, 8, 'latin1');
    this.output.frame(FRAME.goaway, 0, 0, payload);
  }
}

const NOTHING = new Uint8Array(0);
