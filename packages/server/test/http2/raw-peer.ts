/**
 * A peer that says exactly what a test wants: frames in, and what our connection answers as lines of text. No socket and
 * no clock of its own, so that a test is one thread of cause and effect.
 */
import { Duplex } from 'node:stream';
import { Http2Connection } from '../../src/http2/connection.ts';
import type { ConnectionEnd } from '../../src/http2/connection-end.ts';
import { ERROR_CODE, FLAG, FRAME, PREFACE, writeFrameHeader } from '../../src/http2/frames.ts';
import { HpackDecoder } from '../../src/http2/hpack/decoder.ts';
import { encodeStateless, type FieldPair } from '../../src/http2/hpack/encoder.ts';
import type { HeaderList } from '../../src/http2/hpack/header-field.ts';
import {
  type Http2Limits,
  type KeepaliveLimits,
  SERVER_KEEPALIVE,
  SERVER_LIMITS,
} from '../../src/http2/limits.ts';
import type { ConnectionRole } from '../../src/http2/settings.ts';
import type { Http2Stream, StreamHandler } from '../../src/http2/stream.ts';
import { TurnFlusher } from '../../src/http2/turn-flusher.ts';

/** A socket that keeps what is written to it, and takes nothing while `stuck`. */
export class FakeSocket extends Duplex {
  readonly written: Buffer[] = [];
  stuck = false;
  private held: (() => void) | undefined = undefined;
  writes = 0;

  /** Large by default: 'drain' comes a turn later, and most tests have one turn. */
  constructor(writableHighWaterMark: number = 2 ** 30) {
    super({ writableHighWaterMark });
  }

  override _read(): void {
    // The test hands bytes to the connection itself.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes++;
    this.written.push(chunk);
    if (this.stuck) this.held = done;
    else done();
  }

  /** Takes all that waited. */
  release(): void {
    this.stuck = false;
    const done = this.held;
    this.held = undefined;
    done?.();
  }
}

/** What happened to a stream at our end, in order. */
export interface StreamLog {
  readonly stream: Http2Stream;
  readonly headers: HeaderList;
  readonly events: string[];
  dataBytes: number;
}

export interface RawPeerOptions {
  readonly limits?: Partial<Http2Limits>;
  readonly keepalive?: Partial<KeepaliveLimits>;
  readonly role?: ConnectionRole;
  /** What the socket takes before it says that it is full. */
  readonly socketBufferBytes?: number;
}

const REQUEST: readonly FieldPair[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
];

export class RawPeer {
  readonly socket: FakeSocket;
  readonly connection: Http2Connection;
  readonly streams: StreamLog[] = [];
  end: ConnectionEnd | undefined = undefined;
  /** The connection's clock. */
  nowMs = 1_000_000;
  /** A head that answers each request as it opens, before its handler is there. */
  answerAtHead: Buffer | undefined = undefined;
  private readonly endOfTurn: (() => void)[] = [];
  private readonly decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 1_000_000 });

  constructor(options: RawPeerOptions = {}) {
    this.socket = new FakeSocket(options.socketBufferBytes);
    this.connection = new Http2Connection({
      socket: this.socket,
      role: options.role ?? 'server',
      host: {
        streamOpened: (stream, headers) => this.opened(stream, headers),
        streamsFreed: () => undefined,
        connectionEnded: (end) => {
          this.end = end;
        },
      },
      limits: { ...SERVER_LIMITS, ...options.limits },
      keepalive: { ...SERVER_KEEPALIVE, ...options.keepalive },
      flusher: new TurnFlusher((run) => this.endOfTurn.push(run)),
      clock: () => this.nowMs,
    });
  }

  private opened(stream: Http2Stream, headers: HeaderList): StreamHandler {
    const log: StreamLog = { stream, headers, events: [], dataBytes: 0 };
    if (this.answerAtHead !== undefined) stream.sendHeadersAndEnd(this.answerAtHead);
    this.streams.push(log);
    return handlerOf(log);
  }

  /** Greets as a client does, and forgets the answer. */
  greet(...settings: Buffer[]): this {
    this.send(PREFACE, ...(settings.length > 0 ? settings : [settingsFrame([])]));
    this.take();
    return this;
  }

  /** Each in a chunk of its own. */
  send(...chunks: Buffer[]): void {
    for (const chunk of chunks) this.connection.receive(chunk);
    this.endTurn();
  }

  /** What the connection wrote in this turn leaves. */
  endTurn(): void {
    while (this.endOfTurn.length > 0) this.endOfTurn.shift()!();
  }

  /** The frames written since the last time, as text. */
  take(): string[] {
    this.endTurn();
    let bytes = Buffer.concat(this.socket.written.splice(0));
    if (bytes.subarray(0, PREFACE.length).equals(PREFACE)) bytes = bytes.subarray(PREFACE.length);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUIntBE(at, 3);
      lines.push(this.describe(bytes.subarray(at, at + 9), bytes.subarray(at + 9, at + 9 + length)));
      at += 9 + length;
    }
    return lines;
  }

  private describe(header: Buffer, payload: Buffer): string {
    const type = header[3]!;
    const flags = header[4]!;
    const streamId = header.readUInt32BE(5);
    const ends = (flags & FLAG.endStream) !== 0 ? ' ends' : '';
    switch (type) {
      case FRAME.data:
        return `DATA ${streamId} ${payload.length}${ends}`;
      case FRAME.headers: {
        const fields = this.decoder.decode(payload, 0, payload.length).fields;
        return `HEADERS ${streamId} ${fields.map((field) => `${field.name}=${field.value}`).join(' ')}${ends}`;
      }
      case FRAME.rstStream:
        return `RST_STREAM ${streamId} ${errorName(payload.readUInt32BE(0))}`;
      case FRAME.settings:
        return flags === FLAG.ack ? 'SETTINGS ack' : 'SETTINGS';
      case FRAME.ping:
        return `PING ${payload.toString('latin1')}${flags === FLAG.ack ? ' ack' : ''}`;
      case FRAME.goaway: {
        const text = payload.toString('latin1', 8);
        const last = payload.readUInt32BE(0);
        return `GOAWAY ${last === 2 ** 31 - 1 ? 'any' : last} ${errorName(payload.readUInt32BE(4))}${text && ` ${text}`}`;
      }
      case FRAME.windowUpdate:
        return `WINDOW_UPDATE ${streamId} ${payload.readUInt32BE(0)}`;
      default:
        return `type ${type}`;
    }
  }
}

export function handlerOf(log: { readonly events: string[]; dataBytes: number }): StreamHandler {
  return {
    onHeaders: (headers) => log.events.push(`head ${headers.status}`),
    onData: (_bytes, start, end) => {
      log.events.push(`data ${end - start}`);
      log.dataBytes += end - start;
    },
    onEnd: (trailers) => log.events.push(trailers === undefined ? 'end' : `end ${trailers.fields.length}`),
    onReset: (code) => log.events.push(`reset ${errorName(code)}`),
    onWritable: () => log.events.push('writable'),
  };
}

export function errorName(code: number): string {
  const found = Object.entries(ERROR_CODE).find(([, value]) => value === code);
  return found === undefined ? String(code) : found[0];
}

// ---- frames ----

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array | string): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const whole = Buffer.alloc(9 + bytes.length);
  writeFrameHeader(whole, 0, bytes.length, type, flags, streamId);
  whole.set(bytes, 9);
  return whole;
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, position) => {
    bytes.writeUInt32BE(value, position * 4);
  });
  return bytes;
}

export function settingsFrame(pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], position) => {
    payload.writeUInt16BE(id, position * 6);
    payload.writeUInt32BE(value, position * 6 + 2);
  });
  return frame(FRAME.settings, 0, 0, payload);
}

/** A request's head; `fields` come behind the three that every request has. */
export function request(streamId: number, flags: number = 0, fields: readonly FieldPair[] = []): Buffer {
  return head(streamId, flags | FLAG.endHeaders, [...REQUEST, ...fields]);
}

export function head(streamId: number, flags: number, fields: readonly FieldPair[]): Buffer {
  return frame(FRAME.headers, flags, streamId, encodeStateless(fields));
}

export function data(streamId: number, payload: Uint8Array | string, flags: number = 0): Buffer {
  return frame(FRAME.data, flags, streamId, payload);
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FRAME.windowUpdate, 0, streamId, uint32(increment));
}

export function rstStream(streamId: number, code: number): Buffer {
  return frame(FRAME.rstStream, 0, streamId, uint32(code));
}
