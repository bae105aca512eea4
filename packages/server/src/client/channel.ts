/**
 * gRPC to one member over one connection, on Node's own HTTP/2. Here it is off the fast path: a command makes a handful of
 * calls and ends. Knows no message of etcd's and no second endpoint.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { MessageReader, type MessageSink, PREFIX_BYTES } from '../grpc/message-reader.ts';
import { formatTimeout, percentDecode } from '../grpc/metadata.ts';
import { type GrpcStatus, isStatusCode, OK, STATUS, statusOfHttp, statusOfReset } from '../grpc/status.ts';
import { ANSWER_BYTES_MAX, STREAM_WINDOW_BYTES } from './limits.ts';

export interface ChannelOptions {
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

export interface CallOptions {
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
}

/** Told what a server does on a call. */
export interface CallListener {
  onMessage(bytes: Uint8Array): void;
  /** Once, and nothing comes after it. `isUnsent`: the server has not begun with it. */
  onEnd(status: GrpcStatus, isUnsent: boolean): void;
}

export class Channel {
  private readonly session: ClientHttp2Session;
  private readonly options: ChannelOptions;
  private openCalls = 0;
  private keepalive: NodeJS.Timeout | undefined = undefined;
  /** The server's first frame has come. Once true it stays so. */
  private isGreeted = false;

  constructor(socket: Socket, authority: string, options: ChannelOptions) {
    this.options = options;
    this.session = connect(`http://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    });
    this.session.setLocalWindowSize(STREAM_WINDOW_BYTES);
    // Every call hears of it by its own end.
    this.session.on('error', () => undefined);
    this.session.on('goaway', () => undefined);
    this.session.once('close', () => clearInterval(this.keepalive));
    this.session.once('remoteSettings', () => {
      this.isGreeted = true;
    });
  }

  /** Resolves when the server has spoken HTTP/2: `lost` where it closed the connection instead, `late` where it said nothing. */
  greeting(timeoutMs: number): Promise<'come' | 'lost' | 'late'> {
    if (this.isGreeted) return Promise.resolve('come');
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('late'), timeoutMs);
      this.session.once('remoteSettings', () => {
        clearTimeout(timer);
        resolve('come');
      });
      this.session.once('close', () => {
        clearTimeout(timer);
        resolve('lost');
      });
    });
  }

  get isOpen(): boolean {
    return !this.session.closed && !this.session.destroyed;
  }

  open(path: string, listener: CallListener, options: CallOptions): ChannelCall {
    this.callBegins();
    const ending: CallListener = {
      onMessage: (bytes) => listener.onMessage(bytes),
      onEnd: (status, isUnsent) => {
        this.callEnds();
        listener.onEnd(status, isUnsent);
      },
    };
    return new ChannelCall(() => this.session.request(headersOf(path, options)), ending, options.timeoutMs);
  }

  destroy(): void {
    this.session.destroy();
  }

  /** A connection with nothing to wait for is not pinged. */
  private callBegins(): void {
    if (this.openCalls++ > 0) return;
    this.keepalive = setInterval(() => this.ping(), this.options.keepaliveTimeMs);
    this.keepalive.unref();
  }

  private callEnds(): void {
    if (--this.openCalls === 0) clearInterval(this.keepalive);
  }

  private ping(): void {
    if (!this.isOpen) return;
    const late = setTimeout(() => this.session.destroy(), this.options.keepaliveTimeoutMs);
    late.unref();
    this.session.ping(() => clearTimeout(late));
  }
}

/** One call: messages both ways, and one end. */
export class ChannelCall implements MessageSink {
  private readonly listener: CallListener;
  private readonly stream: ClientHttp2Stream | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private reader: MessageReader;
  private httpStatus: string | undefined = undefined;
  private status: GrpcStatus | undefined = undefined;
  private over = false;

  constructor(request: () => ClientHttp2Stream, listener: CallListener, timeoutMs: number | undefined) {
    this.listener = listener;
    this.reader = readerOf(undefined);
    try {
      this.stream = request();
    } catch {
      // The session was closed since it was chosen.
      this.stream = undefined;
      queueMicrotask(() => this.end(CONNECTION_LOST, true));
      return;
    }
    if (timeoutMs !== undefined) this.timer = setTimeout(() => this.stop(DEADLINE_EXCEEDED), timeoutMs);
    const { stream } = this;
    stream.on('response', (headers) => {
      this.httpStatus = String(headers[':status']);
      const encoding = headers['grpc-encoding'];
      if (typeof encoding === 'string') this.reader = readerOf(encoding);
      this.readStatus(headers);
    });
    stream.on('trailers', (headers) => this.readStatus(headers));
    stream.on('data', (chunk: Buffer) => this.reader.push(chunk, 0, chunk.length, this));
    stream.on('error', () => undefined);
    stream.on('close', () => this.closed());
  }

  send(message: Uint8Array): void {
    if (this.over || this.stream === undefined || this.stream.writableEnded) return;
    const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, PREFIX_BYTES);
    this.stream.write(framed);
  }

  /** Nothing more is sent; the server still answers. */
  halfClose(): void {
    this.stream?.end();
  }

  cancel(): void {
    this.stop({ code: STATUS.cancelled, text: 'cancelled' });
  }

  /** The server is asked to wait, for a reader that is slower than it. */
  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    this.stream?.resume();
  }

  messageReceived(bytes: Uint8Array): void {
    if (!this.over) this.listener.onMessage(bytes);
  }

  messageRefused(status: GrpcStatus): void {
    this.stop(status);
  }

  private readStatus(headers: Readonly<Record<string, unknown>>): void {
    const code = headers['grpc-status'];
    if (code === undefined) return;
    const number = Number(code);
    const text = percentDecode(String(headers['grpc-message'] ?? ''));
    if (number === 0) this.status = OK;
    else this.status = { code: isStatusCode(number) ? number : STATUS.unknown, text };
  }

  private closed(): void {
    const rstCode = this.stream?.rstCode ?? 0;
    if (this.status !== undefined) this.end(this.status, false);
    else if (this.httpStatus !== undefined && rstCode === 0) this.end(statusOfHttp(this.httpStatus), false);
    else if (rstCode === constants.NGHTTP2_REFUSED_STREAM) this.end(statusOfReset(rstCode), true);
    else if (rstCode === 0 || rstCode === constants.NGHTTP2_CANCEL) this.end(CONNECTION_LOST, false);
    else this.end(statusOfReset(rstCode), false);
  }

  private stop(status: GrpcStatus): void {
    this.stream?.close(constants.NGHTTP2_CANCEL);
    this.end(status, false);
  }

  private end(status: GrpcStatus, isUnsent: boolean): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.reader.stop();
    this.listener.onEnd(status, isUnsent);
  }
}

const CONNECTION_LOST: GrpcStatus = { code: STATUS.unavailable, text: 'the connection was lost' };
export const DEADLINE_EXCEEDED: GrpcStatus = {
  code: STATUS.deadlineExceeded,
  text: 'context deadline exceeded',
};

function readerOf(encoding: string | undefined): MessageReader {
  const limits = { messageBytesMax: ANSWER_BYTES_MAX, partialMessageBytesMax: ANSWER_BYTES_MAX };
  return new MessageReader(limits, { bytes: 0 }, encoding);
}

function headersOf(path: string, { metadata, timeoutMs }: CallOptions): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-accept-encoding': 'identity,gzip',
    'user-agent': 'synod',
    ...(timeoutMs === undefined ? {} : { 'grpc-timeout': formatTimeout(timeoutMs) }),
    ...metadata,
  };
}
