/**
 * One connection to a peer, made by this side and used for sending only: connects, says hello, sends frames, and begins
 * again when it breaks. What is sent while there is no connection is lost, as the engine expects of a network.
 */
import { connect, type Socket } from 'node:net';
import { assert, type Lane } from '@synod/consensus';
import { placeOf, type SocketAddress } from '../sockets/socket-address.ts';
import { CertificateFailure } from '../tls/certificate-files.ts';
import { type HandshakeFailure, handshakeFailure } from '../tls/handshake-failure.ts';
import type { SecureDialer } from '../tls/secure-dialer.ts';
import { decodedOr, FrameReader, frameHead, isFrameSize } from './frames.ts';
import { ANSWER_BYTES, decodeAnswer, describeRefusal, encodeHello, type Hello } from './handshake.ts';
import { LANE_QUEUE_BYTES_MAX, type TransportTiming } from './limits.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import type { Refusal } from './refusal-log.ts';

export interface OutgoingLinkEvents {
  connected(): void;
  /** An established connection broke. */
  broke(): void;
  refused(refusal: Refusal): void;
  roundTrip(milliseconds: number): void;
}

const PING_BYTES = 8;

export class OutgoingLink {
  private readonly hello: Hello;
  private readonly introduction: Uint8Array;
  private readonly addresses: readonly SocketAddress[];
  private readonly timing: TransportTiming;
  private readonly events: OutgoingLinkEvents;
  private readonly dialer: SecureDialer | undefined;
  private socket: Socket | undefined;
  /** The peer has welcomed us. */
  private openSinceMs: number | undefined;
  /** Tries since the peer last proved to be there; chooses the delay. */
  private failures = 0;
  /** Tries ever; chooses the address. */
  private tries = 0;
  private retryTimer: NodeJS.Timeout | undefined;
  private lastSignMs = 0;
  private readonly pingTimer: NodeJS.Timeout;
  /** Frames of this turn. */
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private flushScheduled = false;
  private closed = false;
  bytesSent = 0;
  framesDropped = 0;

  constructor(
    hello: Hello,
    introduction: Uint8Array,
    addresses: readonly SocketAddress[],
    timing: TransportTiming,
    events: OutgoingLinkEvents,
    dialer?: SecureDialer,
  ) {
    this.hello = hello;
    this.introduction = introduction;
    this.addresses = addresses;
    this.timing = timing;
    this.events = events;
    this.dialer = dialer;
    this.pingTimer = setInterval(() => this.ping(), timing.pingIntervalMs);
    this.pingTimer.unref();
    this.connect();
  }

  /** By this process's own clock; undefined: it is not connected. */
  get connectedSinceMs(): number | undefined {
    return this.openSinceMs;
  }

  private get isOpen(): boolean {
    return this.openSinceMs !== undefined;
  }

  get queuedBytes(): number {
    return this.pendingBytes + (this.socket?.writableLength ?? 0);
  }

  send(lane: Lane, bytes: Uint8Array): void {
    const hasRoom = this.queuedBytes + bytes.length <= LANE_QUEUE_BYTES_MAX[lane];
    if (this.isOpen && hasRoom && isFrameSize(bytes)) this.queue(frameHead(lane, bytes), bytes);
    else this.framesDropped++;
  }

  /** The peer shows that it is there: if a try is due later, it is due now. */
  retryNow(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    this.connect();
  }

  /** Sends what is queued, if that can be done soon; resolves when the connection is gone. */
  close(): Promise<void> {
    this.closed = true;
    clearInterval(this.pingTimer);
    clearTimeout(this.retryTimer);
    const { socket } = this;
    if (socket === undefined) return Promise.resolve();
    this.flush();
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), this.timing.closeTimeoutMs);
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (this.isOpen) socket.destroySoon();
      else socket.destroy();
    });
  }

  private queue(head: Uint8Array, bytes: Uint8Array): void {
    this.pending.push(head, bytes);
    this.pendingBytes += head.length + bytes.length;
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushScheduled = false;
    if (this.pending.length === 0) return;
    const chunk = Buffer.concat(this.pending, this.pendingBytes);
    this.pending = [];
    this.pendingBytes = 0;
    this.bytesSent += chunk.length;
    this.socket!.write(chunk);
  }

  private connect(): void {
    this.retryTimer = undefined;
    const address = this.addresses[this.tries++ % this.addresses.length]!;
    const socket = this.dial(address);
    if (socket === undefined) {
      this.ended();
      return;
    }
    this.socket = socket;
    // A whole deadline, not a socket's idle one: a peer that says its answer a byte at a time must not hold the link.
    const deadline = setTimeout(() => socket.destroy(), this.timing.handshakeTimeoutMs);
    socket.on(address.isSecure === true ? 'secureConnect' : 'connect', () =>
      socket.write(encodeHello(this.hello)),
    );
    // The close that follows tells all that matters, except why TLS failed.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (address.isSecure === true && !this.isOpen && error.code !== 'ECONNREFUSED')
        this.reportTls(handshakeFailure(error));
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      this.ended();
    });
    this.awaitAnswer(socket, () => clearTimeout(deadline));
  }

  /** Undefined: the certificate's files cannot be used now. */
  private dial(address: SocketAddress): Socket | undefined {
    if (address.isSecure !== true) return connect({ ...placeOf(address), noDelay: true });
    try {
      assert(this.dialer !== undefined, 'the configuration gives a certificate to whoever has secure peers');
      return this.dialer.dial(address);
    } catch (error) {
      if (!(error instanceof CertificateFailure)) throw error;
      this.reportTls({ kind: 'files', reason: error.message });
      return undefined;
    }
  }

  private reportTls({ kind, reason }: HandshakeFailure): void {
    this.events.refused({ kind, reason: `TLS with this peer failed: ${reason}` });
  }

  private awaitAnswer(socket: Socket, came: () => void): void {
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.length < ANSWER_BYTES) return;
      socket.off('data', onData);
      came();
      this.answered(socket, received);
    };
    socket.on('data', onData);
  }

  private answered(socket: Socket, bytes: Buffer): void {
    const answer = decodedOr(() => decodeAnswer(bytes.subarray(0, ANSWER_BYTES)));
    if (answer === undefined || answer.kind !== 'welcome') {
      socket.destroy();
      const reason =
        answer === undefined
          ? 'what listens at the address of this peer is no member; check --initial-cluster'
          : describeRefusal(answer, this.hello.clusterId);
      this.events.refused({ kind: answer?.kind ?? 'noMember', reason });
      return;
    }
    this.openSinceMs = performance.now();
    this.lastSignMs = this.openSinceMs;
    this.queue(frameHead('introduction', this.introduction), this.introduction);
    const frames = new FrameReader();
    socket.on('data', (chunk: Buffer) => this.readSigns(socket, frames, chunk));
    if (bytes.length > ANSWER_BYTES) this.readSigns(socket, frames, bytes.subarray(ANSWER_BYTES));
    this.events.connected();
  }

  /** The peer sends nothing on this link but answers to pings. */
  private readSigns(socket: Socket, frames: FrameReader, chunk: Buffer): void {
    const now = performance.now();
    const read = decodedOr(() => {
      frames.read(chunk, ({ lane, bytes }) => {
        if (lane !== 'pong' || bytes.length !== PING_BYTES) return;
        this.lastSignMs = now;
        // Only now: a peer that welcomes and hangs up again, as two members of one name make each other do, is no good one.
        this.failures = 0;
        this.events.roundTrip(now - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
      });
      return true;
    });
    if (read === undefined) socket.destroy();
  }

  private ping(): void {
    if (!this.isOpen) return;
    const now = performance.now();
    if (now - this.lastSignMs > this.timing.silenceMaxMs) {
      this.socket?.destroy();
      return;
    }
    const bytes = Buffer.allocUnsafe(PING_BYTES);
    bytes.writeDoubleBE(now);
    this.queue(frameHead('ping', bytes), bytes);
  }

  private ended(): void {
    const wasOpen = this.isOpen;
    this.openSinceMs = undefined;
    this.socket = undefined;
    this.pending = [];
    this.pendingBytes = 0;
    if (wasOpen) this.events.broke();
    if (this.closed) return;
    const delayMs = reconnectDelayMs(this.failures++, Math.random(), this.timing);
    this.retryTimer = setTimeout(() => this.connect(), delayMs);
    this.retryTimer.unref();
  }
}
