/**
 * One connection to a peer, made by this side and used for sending only: connects, says hello, sends frames, and begins
 * again when it breaks. What is sent while there is no connection is lost, as the engine expects of a network.
 */
import { connect, type Socket } from 'node:net';
import type { Lane } from '@synod/consensus';
import { MalformedBytes } from '@synod/consensus';
import { FrameReader, frameHead } from './frames.ts';
import { ANSWER_BYTES, type Answer, decodeAnswer, encodeHello, type Hello } from './handshake.ts';
import {
  HANDSHAKE_TIMEOUT_MS,
  LANE_QUEUE_BYTES_MAX,
  PING_INTERVAL_MS,
  RECONNECT_FIRST_MS,
  RECONNECT_LAST_MS,
  SILENCE_MAX_MS,
} from './limits.ts';

export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

export interface OutgoingLinkEvents {
  connected(): void;
  /** An established connection broke. */
  broke(): void;
  refused(answer: Exclude<Answer, { kind: 'welcome' }>): void;
  roundTrip(milliseconds: number): void;
}

export class OutgoingLink {
  private readonly hello: Hello;
  private addresses: readonly LinkAddress[];
  private readonly events: OutgoingLinkEvents;
  private socket: Socket | undefined;
  /** The peer has welcomed us. */
  private isOpen = false;
  private attempts = 0;
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

  constructor(hello: Hello, addresses: readonly LinkAddress[], events: OutgoingLinkEvents) {
    this.hello = hello;
    this.addresses = addresses;
    this.events = events;
    this.pingTimer = setInterval(() => this.ping(), PING_INTERVAL_MS);
    this.pingTimer.unref();
    this.connect();
  }

  get isConnected(): boolean {
    return this.isOpen;
  }

  get queuedBytes(): number {
    return this.pendingBytes + (this.socket?.writableLength ?? 0);
  }

  send(lane: Lane, bytes: Uint8Array): void {
    if (!this.isOpen || this.queuedBytes + bytes.length > LANE_QUEUE_BYTES_MAX[lane]) {
      this.framesDropped++;
      return;
    }
    this.queue(frameHead(lane, bytes), bytes);
  }

  /** Connects to these addresses from the next time on. */
  setAddresses(addresses: readonly LinkAddress[]): void {
    this.addresses = addresses;
  }

  close(): void {
    this.closed = true;
    clearInterval(this.pingTimer);
    clearTimeout(this.retryTimer);
    this.flush();
    this.socket?.destroySoon();
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
    if (!this.isOpen) return;
    this.bytesSent += chunk.length;
    this.socket!.write(chunk);
  }

  private connect(): void {
    const address = this.addresses[this.attempts % this.addresses.length]!;
    this.attempts++;
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    this.socket = socket;
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy());
    socket.on('connect', () => socket.write(encodeHello(this.hello)));
    // The close that follows tells all that matters.
    socket.on('error', () => {});
    socket.on('close', () => this.ended(socket));
    this.awaitAnswer(socket);
  }

  private awaitAnswer(socket: Socket): void {
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.length < ANSWER_BYTES) return;
      socket.off('data', onData);
      this.answered(socket, received);
    };
    socket.on('data', onData);
  }

  private answered(socket: Socket, bytes: Buffer): void {
    const answer = decodedOr(() => decodeAnswer(bytes.subarray(0, ANSWER_BYTES)));
    if (answer === undefined) {
      socket.destroy();
      return;
    }
    if (answer.kind !== 'welcome') {
      socket.destroy();
      this.events.refused(answer);
      return;
    }
    socket.setTimeout(0);
    this.isOpen = true;
    this.attempts = 0;
    this.lastSignMs = performance.now();
    const frames = new FrameReader();
    socket.on('data', (chunk: Buffer) => this.readSigns(socket, frames, chunk));
    if (bytes.length > ANSWER_BYTES) this.readSigns(socket, frames, bytes.subarray(ANSWER_BYTES));
    this.events.connected();
  }

  /** The peer sends nothing on this link but answers to pings. */
  private readSigns(socket: Socket, frames: FrameReader, chunk: Buffer): void {
    const now = performance.now();
    this.lastSignMs = now;
    const read = decodedOr(() => {
      frames.read(chunk, ({ lane, bytes }) => {
        if (lane === 'pong' && bytes.length === 8)
          this.events.roundTrip(now - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
      });
      return true;
    });
    if (read === undefined) socket.destroy();
  }

  private ping(): void {
    if (!this.isOpen) return;
    const now = performance.now();
    if (now - this.lastSignMs > SILENCE_MAX_MS) {
      this.socket?.destroy();
      return;
    }
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(now);
    this.queue(frameHead('ping', bytes), bytes);
  }

  private ended(socket: Socket): void {
    if (this.socket !== socket) return;
    const wasOpen = this.isOpen;
    this.isOpen = false;
    this.socket = undefined;
    this.pending = [];
    this.pendingBytes = 0;
    if (wasOpen) this.events.broke();
    if (this.closed) return;
    const doubled = RECONNECT_FIRST_MS * 2 ** Math.min(this.attempts, 10);
    const delayMs = Math.min(doubled, RECONNECT_LAST_MS) * (1 + Math.random() / 4);
    this.retryTimer = setTimeout(() => this.connect(), delayMs);
    this.retryTimer.unref();
  }
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
