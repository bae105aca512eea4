/**
 * One HTTP/2 connection over any duplex stream, at either end (RFC 9113): ties the two directions together, opens and
 * closes streams, and ends. What frames do is in inbound-frames.ts; what is said in the streams nobody here knows.
 */
import type { Duplex } from 'node:stream';
import type { StreamEnding } from './closed-streams.ts';
import {
  type Breach,
  type ConnectionDeadline,
  type ConnectionEnd,
  type ConnectionLimit,
  limitReached,
} from './connection-end.ts';
import { ConnectionOutput } from './connection-output.ts';
import { type Goaway, writeGoaway, writePing, writeRstStream, writeWindowUpdate } from './control-frames.ts';
import { FloodGuard } from './flood-guard.ts';
import { FrameBudget } from './frame-budget.ts';
import { FrameReader } from './frame-reader.ts';
import { DEFAULT_WINDOW_BYTES, ERROR_CODE, FRAME, PREFACE, STREAM_ID_LARGEST } from './frames.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import type { HeaderList } from './hpack/header-field.ts';
import { InboundFrames } from './inbound-frames.ts';
import type { Http2Limits, KeepaliveLimits } from './limits.ts';
import { PingGuard } from './ping-guard.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendScheduler } from './send-scheduler.ts';
import { type ConnectionRole, encodeSettings, initialPeerSettings, type PeerSettings } from './settings.ts';
import { Http2Stream, type StreamHandler, type StreamOwner } from './stream.ts';
import { StreamTable } from './stream-table.ts';
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
  /** Of the peer's certificate, where it showed one that was found good. */
  readonly peerCommonName?: string | undefined;
}

/** `draining`: no new streams, the open ones go on. `ended`: no stream is left and nothing is read any more. */
type ConnectionState = 'open' | 'draining' | 'ended';

export class Http2Connection implements StreamOwner {
  readonly role: ConnectionRole;
  readonly peerCommonName: string | undefined;
  readonly host: ConnectionHost;
  readonly limits: Http2Limits;
  readonly output: ConnectionOutput;
  readonly sender: SendScheduler;
  readonly streams: StreamTable;
  readonly floods: FloodGuard;
  readonly pings: PingGuard;
  /** Undefined: it may make any number of requests. */
  private readonly requests: FrameBudget | undefined;
  readonly peer: PeerSettings = initialPeerSettings();
  readonly receiveWindow: ReceiveWindow;
  /** Client: fills the peer's table. A server's answers are written without one. */
  readonly encoder = new HpackEncoder();
  private readonly socket: Duplex;
  private readonly clock: () => number;
  private readonly inbound: InboundFrames;
  private readonly reader: FrameReader;
  private state: ConnectionState = 'open';
  /** Read once a chunk. */
  nowMs: number;
  private readonly openedAtMs: number;
  /** Bytes of the client's preface that have not come. */
  private prefaceLeft: number;
  private drainingSinceMs = 0;
  private socketError: Error | undefined = undefined;
  private destroyAtMs = Number.POSITIVE_INFINITY;
  bytesReceived = 0;

  constructor(options: ConnectionOptions) {
    const { socket, role, limits, clock } = options;
    this.socket = socket;
    this.role = role;
    this.peerCommonName = options.peerCommonName;
    this.host = options.host;
    this.limits = limits;
    this.clock = clock;
    this.nowMs = clock();
    this.openedAtMs = this.nowMs;
    this.prefaceLeft = role === 'server' ? PREFACE.length : 0;
    this.floods = new FloodGuard(limits, clock);
    this.requests = limits.requests === undefined ? undefined : new FrameBudget(limits.requests, this.nowMs);
    this.pings = new PingGuard(options.keepalive, this.nowMs);
    this.streams = new StreamTable(role);
    this.receiveWindow = new ReceiveWindow(limits.connectionWindowBytes);
    this.output = new ConnectionOutput(socket, options.flusher, () => this.sender.sendReady());
    this.sender = new SendScheduler(this.output, limits, this.peer, this.pings);
    this.inbound = new InboundFrames(this);
    this.reader = new FrameReader(this.inbound, limits.frameBytesMax);
    this.start();
  }

  takeRequest(): boolean {
    return this.requests === undefined || this.requests.take(this.clock);
  }

  private start(): void {
    const { output, limits, socket } = this;
    if (this.role === 'client') output.raw(PREFACE);
    output.frame(FRAME.settings, 0, 0, encodeSettings(this.role, limits));
    if (limits.connectionWindowBytes > DEFAULT_WINDOW_BYTES)
      writeWindowUpdate(output, 0, limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error: Error) => {
      this.socketError = error;
    });
    socket.on('end', () => this.socketClosed());
    socket.on('close', () => this.socketClosed());
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get hasEnded(): boolean {
    return this.state === 'ended';
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** Client: whether `open` would be heard now. Before its SETTINGS we do not know how many streams a server allows. */
  get mayOpen(): boolean {
    const { streams, peer } = this;
    if (this.state !== 'open' || !this.inbound.settingsSeen) return false;
    return streams.size < peer.concurrentStreamsMax && streams.hasOwnIdLeft;
  }

  /** Client: begins a request whose head is `block`. Only while `mayOpen`. */
  open(block: Buffer, handler: StreamHandler): Http2Stream {
    const stream = this.newStream(this.streams.takeOwnId());
    stream.handler = handler;
    this.streams.add(stream);
    this.sender.writeHeaderBlock(stream.id, block, 0);
    return stream;
  }

  newStream(id: number): Http2Stream {
    return new Http2Stream({
      id,
      owner: this,
      sender: this.sender,
      sendWindowBytes: this.peer.streamWindowBytes,
    });
  }

  /** Bytes from the socket; also those that came before this object was made. */
  receive(chunk: Buffer<ArrayBufferLike>): void {
    this.bytesReceived += chunk.length;
    if (this.state === 'ended') return;
    this.nowMs = this.clock();
    this.pings.bytesReceived(this.nowMs);
    if (this.output.unreadBytes > this.limits.unreadFrameBytesMax) {
      this.destroy(limitReached('unreadFrameBytesMax'));
      return;
    }
    let offset = 0;
    while (this.prefaceLeft > 0 && offset < chunk.length) {
      if (chunk[offset++] !== PREFACE[PREFACE.length - this.prefaceLeft--]) {
        this.fail({
          kind: 'protocolViolation',
          code: ERROR_CODE.protocolError,
          detail: 'the preface is not that of HTTP/2',
        });
        return;
      }
    }
    if (offset < chunk.length) this.reader.push(chunk, offset);
  }

  /** Looks at every deadline; called about every TICK_MS. */
  tick(): void {
    const nowMs = this.clock();
    if (nowMs >= this.destroyAtMs) this.socket.destroy();
    this.output.tick();
    if (this.state === 'ended') return;
    const { limits, inbound } = this;
    const blockSinceMs = inbound.blocks.unfinishedSinceMs;
    if (!inbound.settingsSeen && nowMs - this.openedAtMs >= limits.prefaceTimeoutMs)
      this.missDeadline('prefaceTimeoutMs');
    else if (blockSinceMs !== undefined && nowMs - blockSinceMs >= limits.headerBlockTimeoutMs)
      this.missDeadline('headerBlockTimeoutMs');
    else this.keepAlive(nowMs);
  }

  private keepAlive(nowMs: number): void {
    if (this.state === 'draining' && nowMs - this.drainingSinceMs >= this.limits.closeTimeoutMs)
      this.announceLastStream();
    const step = this.pings.tick(nowMs);
    if (step === 'ping') writePing(this.output, 'keepaliv');
    if (step === 'giveUp') this.missDeadline('pingTimeoutMs');
  }

  // ---- ends of streams ----

  remoteSideEnded(stream: Http2Stream, trailers: HeaderList | undefined): void {
    stream.remoteEnded = true;
    if (stream.localFinished) this.closeStream(stream, 'finished');
    stream.handler.onEnd(trailers);
  }

  /** A server's answer ends the exchange, whatever the client still sends. */
  localSideEnded(stream: Http2Stream): void {
    if (stream.closed) return;
    if (stream.remoteEnded) this.closeStream(stream, 'finished');
    else if (this.role === 'server') this.resetStream(stream, ERROR_CODE.noError);
  }

  resetStream(stream: Http2Stream, code: number): void {
    writeRstStream(this.output, stream.id, code);
    this.closeStream(stream, 'resetByUs');
  }

  streamResetByPeer(stream: Http2Stream, code: number): void {
    this.closeStream(stream, 'resetByPeer');
    stream.handler.onReset(code);
  }

  queueOverflowed(stream: Http2Stream): void {
    const breach = this.abandonStream(stream, ERROR_CODE.enhanceYourCalm);
    if (breach !== undefined) this.fail(breach);
  }

  /** A stream error (section 5.4.2): the peer's doing, so that it counts against it. */
  abandonStream(stream: Http2Stream, code: number): Breach | undefined {
    this.resetStream(stream, code);
    stream.handler.onReset(code);
    return this.floods.spend('streamResets');
  }

  /** A stream error where there may be no stream. */
  streamError(streamId: number, code: number): Breach | undefined {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) return this.abandonStream(stream, code);
    writeRstStream(this.output, streamId, code);
    return this.floods.spend('streamResets');
  }

  /** A request that never became a stream. */
  refuseStream(streamId: number, code: number): Breach | undefined {
    writeRstStream(this.output, streamId, code);
    this.streams.remove(streamId, 'resetByUs');
    return this.floods.spend('streamResets');
  }

  private closeStream(stream: Http2Stream, ending: StreamEnding): void {
    stream.drop();
    this.sender.forget(stream);
    this.streams.remove(stream.id, ending);
    if (this.state === 'draining') this.endIfDrained();
    else if (this.role === 'client' && this.state === 'open') this.host.streamsFreed();
  }

  // ---- ends of the connection ----

  /**
   * Ends the connection after the streams that are open. A server first says so without a number and pings, so that
   * requests already on their way are still taken (section 6.8).
   */
  shutDown(): void {
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.drainingSinceMs = this.clock();
    writeGoaway(this.output, { code: ERROR_CODE.noError, text: '', lastStreamId: STREAM_ID_LARGEST });
    if (this.role === 'server') writePing(this.output, 'draining');
    else this.endIfDrained();
  }

  /** The peer has read what we sent before our last ping. */
  pingAnswered(): void {
    if (this.state === 'draining') this.announceLastStream();
  }

  /** The peer has read our first GOAWAY, or had the time: what it opens from now on it knows to be in vain. */
  private announceLastStream(): void {
    const { streams } = this;
    if (this.role !== 'server' || streams.lastTakenId !== STREAM_ID_LARGEST) return;
    streams.lastTakenId = streams.lastPeerId;
    writeGoaway(this.output, { code: ERROR_CODE.noError, text: '', lastStreamId: streams.lastTakenId });
    this.endIfDrained();
  }

  /**
   * A client's farewell bounds the streams that a server would open, and we open none: its own it may still open, and
   * it ends the connection itself. A server's says which of our requests it never looked at.
   */
  peerGoesAway(goaway: Goaway): void {
    if (goaway.code !== ERROR_CODE.noError) {
      this.close({ kind: 'peerGoaway', code: goaway.code, text: goaway.text }, goaway.code);
      return;
    }
    if (this.role === 'server') return;
    if (this.state === 'open') {
      this.state = 'draining';
      this.drainingSinceMs = this.nowMs;
    }
    for (const stream of this.streams.all())
      if (stream.id > goaway.lastStreamId) this.streamResetByPeer(stream, ERROR_CODE.refusedStream);
    this.endIfDrained();
  }

  private endIfDrained(): void {
    if (this.state !== 'draining' || this.streams.size > 0) return;
    // A server waits until its peer knows the last stream.
    if (this.role === 'server' && this.streams.lastTakenId === STREAM_ID_LARGEST) return;
    this.close({ kind: 'shutdown' }, ERROR_CODE.noError);
  }

  /** A connection error (section 5.4.1): GOAWAY, then the socket's end. */
  fail(breach: Breach): void {
    if (this.state === 'ended') return;
    const code = breach.kind === 'limitReached' ? ERROR_CODE.enhanceYourCalm : breach.code;
    const text = breach.kind === 'limitReached' ? textOfLimit(breach.limit) : breach.detail;
    writeGoaway(this.output, { code, text, lastStreamId: this.streams.lastPeerId });
    this.close(breach, code);
  }

  private missDeadline(deadline: ConnectionDeadline): void {
    const goaway = { code: ERROR_CODE.noError, text: deadline, lastStreamId: this.streams.lastPeerId };
    writeGoaway(this.output, goaway);
    this.close({ kind: 'deadlineMissed', deadline }, ERROR_CODE.cancel);
  }

  /** Ends it now. */
  destroy(end: ConnectionEnd = { kind: 'shutdown' }): void {
    this.finish(end, ERROR_CODE.cancel);
    this.socket.destroy();
  }

  /** What still arrives is read and dropped: a socket closed with unread bytes would lose our GOAWAY. */
  private close(end: ConnectionEnd, streamCode: number): void {
    this.output.flush();
    this.finish(end, streamCode);
    this.socket.end();
    this.destroyAtMs = this.clock() + this.limits.closeTimeoutMs;
  }

  private socketClosed(): void {
    this.finish({ kind: 'socketClosed', error: this.socketError }, ERROR_CODE.cancel);
    if (!this.socket.writableEnded) this.socket.end();
  }

  private finish(end: ConnectionEnd, streamCode: number): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    const left = this.streams.all();
    this.streams.clear();
    this.sender.forgetAll();
    this.output.close();
    for (const stream of left) stream.drop();
    for (const stream of left) stream.handler.onReset(streamCode);
    this.host.connectionEnded(end);
  }
}

/** What GOAWAY says of a limit; clients of gRPC know one of the texts. */
function textOfLimit(limit: ConnectionLimit): string {
  return limit === 'pingIntervalMsMin' ? 'too_many_pings' : `limit: ${limit}`;
}
