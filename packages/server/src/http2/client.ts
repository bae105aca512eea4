/** The client's end of a connection: prior knowledge, one socket, as many streams as the server allows. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { Http2Connection } from './connection.ts';
import type { ConnectionEnd } from './connection-end.ts';
import { ERROR_CODE } from './frames.ts';
import { CLIENT_LIMITS, type Http2Limits, SERVER_KEEPALIVE, TICK_MS } from './limits.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';
import { TurnFlusher } from './turn-flusher.ts';

export interface Http2ClientOptions {
  readonly limits?: Partial<Http2Limits>;
  /** Called once, when no more answers will come. */
  readonly onEnd?: (end: ConnectionEnd) => void;
}

/** A request that waits for a place among the streams. */
export interface WaitingRequest {
  /** The stream may be opened now. */
  open(connection: Http2Connection): void;
  /** The connection is lost; no stream was opened. */
  lost(code: number): void;
}

const CLIENT_FLUSHER = new TurnFlusher();

export class Http2Client {
  readonly connection: Http2Connection;
  private waiting: WaitingRequest[] = [];
  private opening = false;
  private ended = false;

  constructor(socket: Duplex, options: Http2ClientOptions = {}) {
    const timer = setInterval(() => this.connection.tick(), TICK_MS);
    timer.unref();
    socket.on('close', () => clearInterval(timer));
    this.connection = new Http2Connection({
      socket,
      role: 'client',
      host: {
        streamOpened: () => REFUSING,
        streamsFreed: () => this.openWaiting(),
        connectionEnded: (end) => {
          this.ended = true;
          const waiting = this.waiting;
          this.waiting = [];
          for (const request of waiting) request.lost(ERROR_CODE.cancel);
          options.onEnd?.(end);
        },
      },
      limits: { ...CLIENT_LIMITS, ...options.limits },
      keepalive: SERVER_KEEPALIVE,
      flusher: CLIENT_FLUSHER,
      clock: () => performance.now(),
    });
  }

  /** At once where the server allows another stream, in order otherwise. */
  request(request: WaitingRequest): void {
    if (this.waiting.length === 0 && this.connection.mayOpen) request.open(this.connection);
    else if (this.ended || !this.connection.isOpen) request.lost(ERROR_CODE.refusedStream);
    else this.waiting.push(request);
  }

  /** Ends after the answers that are due. */
  shutDown(): void {
    this.connection.shutDown();
  }

  destroy(): void {
    this.connection.destroy();
  }

  /** A request that is opened may end at once and free its place: the loop that runs goes on, a second does not begin. */
  private openWaiting(): void {
    if (this.opening || this.waiting.length === 0) return;
    this.opening = true;
    let opened = 0;
    while (opened < this.waiting.length && this.connection.mayOpen)
      this.waiting[opened++]!.open(this.connection);
    this.waiting.splice(0, opened);
    this.opening = false;
  }
}

/** Over a plain socket. The client may be used at once; it writes when the socket is connected. */
export function connectHttp2(
  address: { readonly host: string; readonly port: number },
  options: Http2ClientOptions = {},
): Http2Client {
  const socket: Socket = connect({ host: address.host, port: address.port, noDelay: true });
  return new Http2Client(socket, options);
}

/** Servers open no streams: PUSH_PROMISE is refused before it comes here. */
const REFUSING: StreamHandler = {
  onHeaders: () => undefined,
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onWritable: () => undefined,
};

export type { Http2Stream };
