/**
 * Takes sockets and decides by their first bytes: the HTTP/2 preface comes to our own connections, a method of HTTP/1
 * goes to Node's server, and anything else is closed. Owns the connections: their ticks, their counters, their end.
 */
import { type Server as Http1Server, METHODS } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { Http2Connection } from './connection.ts';
import type { ConnectionEnd } from './connection-end.ts';
import { PREFACE } from './frames.ts';
import type { HeaderList } from './hpack/header-field.ts';
import {
  type Http2Limits,
  type KeepaliveLimits,
  SERVER_KEEPALIVE,
  SERVER_LIMITS,
  TICK_MS,
} from './limits.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';
import { TurnFlusher } from './turn-flusher.ts';

/** Told of connections, for the log. */
export interface Http2Observer {
  connectionEnded(end: ConnectionEnd): void;
  /** What came was neither HTTP/2 nor HTTP/1.1; the socket is being closed. */
  foreign?(socket: Duplex, firstBytes: Uint8Array): void;
}

/** For the metrics, and always of the moment; all but `connectionsOpen` and `streamsOpen` only rise. */
export interface Http2Counters {
  readonly connectionsOpen: number;
  readonly connectionsTotal: number;
  readonly streamsOpen: number;
  readonly streamsTotal: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export interface Http2ListenerOptions {
  /** A request began; the handler is told the rest of it. */
  readonly onStream: (stream: Http2Stream, headers: HeaderList) => StreamHandler;
  /** Gets the sockets that speak HTTP/1; without it they are closed. */
  readonly http1Server?: Http1Server;
  readonly limits?: Partial<Http2Limits>;
  readonly keepalive?: Partial<KeepaliveLimits>;
  readonly observer?: Http2Observer;
  /** Milliseconds that never go back. */
  readonly clock?: () => number;
  readonly flusher?: TurnFlusher;
}

export interface Http2Listener {
  /**
   * Takes over a socket that was just accepted: plain, TLS or any other duplex stream.
   * @param peerCommonName of the peer's certificate, where it showed one that was found good
   */
  accept(socket: Duplex, peerCommonName?: string): void;
  readonly counters: Http2Counters;
  /** Every connection ends after the streams that are open; resolves when the last has. New ones are closed. */
  shutDown(): Promise<void>;
  /** Ends everything now. */
  destroy(): void;
  /** Looks at every deadline now; a timer does it otherwise. */
  tick(): void;
}

type Protocol = 'http1' | 'http2' | 'unknown' | 'undecided';

const METHOD_BYTES_MAX = Math.max(...METHODS.map((method) => method.length)) + 1;
const HTTP1_METHODS: ReadonlySet<string> = new Set(METHODS);
/** No method of HTTP/1 begins so. */
const HTTP2_START = PREFACE.toString('latin1', 0, 4);

function protocolOf(bytes: Buffer): Protocol {
  const start = bytes.toString('latin1', 0, METHOD_BYTES_MAX);
  if (start.startsWith(HTTP2_START)) return 'http2';
  const blank = start.indexOf(' ');
  if (blank >= 0) return HTTP1_METHODS.has(start.slice(0, blank)) ? 'http1' : 'unknown';
  if (bytes.length >= METHOD_BYTES_MAX || !/^[A-Z-]*$/.test(start)) return 'unknown';
  return 'undecided';
}

/** A socket that has not yet said what it speaks. */
interface UndecidedSocket {
  readonly socket: Duplex;
  readonly sinceMs: number;
}

export function createHttp2Listener(options: Http2ListenerOptions): Http2Listener {
  return new Listener(options);
}

class Listener implements Http2Listener {
  private readonly options: Http2ListenerOptions;
  private readonly limits: Http2Limits;
  private readonly keepalive: KeepaliveLimits;
  private readonly clock: () => number;
  private readonly flusher: TurnFlusher;
  private readonly undecided = new Set<UndecidedSocket>();
  /** Until their sockets are closed; some have ended before. */
  private readonly connections = new Set<Http2Connection>();
  private readonly timer: NodeJS.Timeout;
  private stopping = false;
  private whenEmpty: (() => void)[] = [];
  private readonly tally = new Tally(this.connections);
  readonly counters: Http2Counters = this.tally;

  constructor(options: Http2ListenerOptions) {
    this.options = options;
    this.limits = { ...SERVER_LIMITS, ...options.limits };
    this.keepalive = { ...SERVER_KEEPALIVE, ...options.keepalive };
    this.clock = options.clock ?? (() => performance.now());
    this.flusher = options.flusher ?? new TurnFlusher();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  accept(socket: Duplex, peerCommonName?: string): void {
    if (this.stopping) {
      socket.destroy();
      return;
    }
    const entry: UndecidedSocket = { socket, sinceMs: this.clock() };
    let seen: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    const forget = () => {
      this.undecided.delete(entry);
      socket.removeListener('data', onData);
      socket.removeListener('error', onGone);
      socket.removeListener('end', onGone);
      socket.removeListener('close', onGone);
    };
    const onGone = () => {
      forget();
      socket.on('error', ignore);
      socket.destroy();
    };
    const onData = (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const protocol = protocolOf(seen);
      if (protocol === 'undecided') return;
      if (protocol === 'http2') {
        forget();
        this.adopt(socket, seen, peerCommonName);
      } else if (protocol === 'http1' && this.options.http1Server !== undefined) {
        forget();
        handOver(socket, seen, this.options.http1Server);
      } else {
        if (protocol === 'unknown') this.options.observer?.foreign?.(socket, seen);
        onGone();
      }
    };
    this.undecided.add(entry);
    socket.on('data', onData);
    socket.on('error', onGone);
    socket.on('end', onGone);
    socket.on('close', onGone);
  }

  private adopt(
    socket: Duplex,
    firstBytes: Buffer<ArrayBufferLike>,
    peerCommonName: string | undefined,
  ): void {
    if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
    const connection = new Http2Connection({
      socket,
      role: 'server',
      host: {
        streamOpened: this.options.onStream,
        streamsFreed: ignore,
        connectionEnded: (end) => this.options.observer?.connectionEnded(end),
      },
      limits: this.limits,
      keepalive: this.keepalive,
      flusher: this.flusher,
      clock: this.clock,
      peerCommonName,
    });
    this.tally.connectionsTotal++;
    this.connections.add(connection);
    socket.on('close', () => this.forgetConnection(connection));
    connection.receive(firstBytes);
  }

  private forgetConnection(connection: Http2Connection): void {
    this.connections.delete(connection);
    this.tally.takeOver(connection);
    this.settleWhenEmpty();
  }

  private settleWhenEmpty(): void {
    if (!this.stopping || this.connections.size > 0) return;
    clearInterval(this.timer);
    const waiting = this.whenEmpty;
    this.whenEmpty = [];
    for (const resolve of waiting) resolve();
  }

  tick(): void {
    const latest = this.clock() - this.limits.prefaceTimeoutMs;
    for (const { socket, sinceMs } of this.undecided) if (sinceMs <= latest) socket.destroy();
    for (const connection of this.connections) connection.tick();
  }

  shutDown(): Promise<void> {
    this.stopping = true;
    for (const { socket } of this.undecided) socket.destroy();
    for (const connection of this.connections) connection.shutDown();
    return new Promise((resolve) => {
      this.whenEmpty.push(resolve);
      this.settleWhenEmpty();
    });
  }

  destroy(): void {
    this.stopping = true;
    clearInterval(this.timer);
    for (const { socket } of this.undecided) socket.destroy();
    for (const connection of this.connections) connection.destroy();
  }
}

/** Adds up the connections that are open and those that were, when it is asked. */
class Tally implements Http2Counters {
  private readonly connections: ReadonlySet<Http2Connection>;
  connectionsTotal = 0;
  /** Of connections that are gone. */
  private readonly past = { streams: 0, bytesReceived: 0, bytesSent: 0 };

  constructor(connections: ReadonlySet<Http2Connection>) {
    this.connections = connections;
  }

  takeOver(gone: Http2Connection): void {
    this.past.streams += gone.streams.opened;
    this.past.bytesReceived += gone.bytesReceived;
    this.past.bytesSent += gone.output.bytesSent;
  }

  get connectionsOpen(): number {
    return this.connections.size;
  }

  get streamsOpen(): number {
    return this.sum((connection) => connection.openStreams);
  }

  get streamsTotal(): number {
    return this.past.streams + this.sum((connection) => connection.streams.opened);
  }

  get bytesReceived(): number {
    return this.past.bytesReceived + this.sum((connection) => connection.bytesReceived);
  }

  get bytesSent(): number {
    return this.past.bytesSent + this.sum((connection) => connection.output.bytesSent);
  }

  private sum(of: (connection: Http2Connection) => number): number {
    let total = 0;
    for (const connection of this.connections) total += of(connection);
    return total;
  }
}

/** Node's server finds the bytes that we have seen as if nobody had. */
function handOver(socket: Duplex, seen: Buffer<ArrayBufferLike>, server: Http1Server): void {
  socket.pause();
  socket.unshift(seen);
  server.emit('connection', socket);
  socket.resume();
}

function ignore(): void {
  // Nothing depends on it: see the callers.
}
