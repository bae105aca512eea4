/**
 * A gRPC client over our HTTP/2: unary calls that answer to an object, and streams. For the load generator, the tests and
 * the health probes: one connection, no balancing, no retries.
 */
import { performance } from 'node:perf_hooks';
import {
  connectHttp2,
  type Http2Client,
  type Http2ClientOptions,
  type WaitingRequest,
} from '../http2/client.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { ERROR_CODE } from '../http2/frames.ts';
import type { FieldPair } from '../http2/hpack/encoder.ts';
import type { HeaderList } from '../http2/hpack/header-field.ts';
import type { Http2Stream, StreamHandler } from '../http2/stream.ts';
import { type DeadlineLinks, DeadlineWheel } from './deadline-wheel.ts';
import { GRPC_LIMITS, type GrpcLimits, KEPT_HEADS_MAX } from './limits.ts';
import { MessageReader, type MessageSink, type PartialMessages, PREFIX_BYTES } from './message-reader.ts';
import { formatTimeout, percentDecode } from './metadata.ts';
import { type GrpcStatus, isStatusCode, OK, STATUS, statusOfHttp, statusOfReset } from './status.ts';

export interface GrpcClientOptions extends Http2ClientOptions {
  /** What `:authority` says. */
  readonly authority?: string;
  readonly messageBytesMax?: number;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  /** Keys in lower case. */
  readonly metadata?: readonly FieldPair[];
}

/** Told the end of a unary call, once. The message is there if the status is OK. */
export interface UnaryCompletion {
  complete(status: GrpcStatus, message: Uint8Array | undefined): void;
}

/** Told what a server does on a stream of messages. */
export interface ClientStreamListener {
  onMessage(bytes: Uint8Array): void;
  /** Called once; nothing comes behind it. */
  onEnd(status: GrpcStatus): void;
  onDrain?(): void;
}

export interface GrpcAnswer {
  readonly status: GrpcStatus;
  readonly message: Uint8Array | undefined;
}

/** A server's answer to a client may be as large as the client asked for. */
const ANSWER_BYTES_MAX = 2 ** 31 - 1;
const NO_OPTIONS: CallOptions = {};

interface KeptHead {
  readonly generation: number;
  readonly block: Buffer;
}

export class GrpcClient {
  readonly http2: Http2Client;
  readonly deadlines = new DeadlineWheel(() => performance.now());
  readonly limits: GrpcLimits;
  readonly partialMessages: PartialMessages = { bytes: 0 };
  private readonly authority: string;
  private readonly keptHeads = new Map<string, KeptHead>();

  constructor(http2: Http2Client, options: GrpcClientOptions = {}) {
    this.http2 = http2;
    this.authority = options.authority ?? 'localhost';
    this.limits = {
      messageBytesMax: options.messageBytesMax ?? ANSWER_BYTES_MAX,
      partialMessageBytesMax: Math.max(GRPC_LIMITS.partialMessageBytesMax, ANSWER_BYTES_MAX),
    };
  }

  unary(
    path: string,
    message: Uint8Array,
    completion: UnaryCompletion,
    options: CallOptions = NO_OPTIONS,
  ): void {
    const framed = frameMessage(message);
    this.http2.request(new ClientUnary(this, path, framed, completion, options));
  }

  /** As `unary`, for callers that are in no hurry. */
  call(path: string, message: Uint8Array, options: CallOptions = NO_OPTIONS): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      this.unary(
        path,
        message,
        { complete: (status, answer) => resolve({ status, message: answer }) },
        options,
      );
    });
  }

  stream(path: string, listener: ClientStreamListener, options: CallOptions = NO_OPTIONS): ClientStream {
    const stream = new ClientStream(this, path, listener, options);
    this.http2.request(stream);
    return stream;
  }

  /** The head of a call. Without metadata and timeout it is made once a path. */
  head(connection: Http2Connection, path: string, options: CallOptions): Buffer {
    const { encoder } = connection;
    const timeout: FieldPair[] =
      options.timeoutMs === undefined ? [] : [['grpc-timeout', formatTimeout(options.timeoutMs)]];
    if (options.metadata !== undefined || timeout.length > 0)
      return encoder.encode(this.fields(path), [...timeout, ...(options.metadata ?? [])]);
    const kept = this.keptHeads.get(path);
    if (kept !== undefined && kept.generation === encoder.generation) return kept.block;
    const before = encoder.generation;
    const block = encoder.encode(this.fields(path));
    if (encoder.generation === before) {
      if (this.keptHeads.size >= KEPT_HEADS_MAX) this.keptHeads.clear();
      this.keptHeads.set(path, { generation: before, block });
    }
    return block;
  }

  private fields(path: string): readonly FieldPair[] {
    return [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', this.authority],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['grpc-accept-encoding', 'identity,gzip'],
      ['user-agent', 'synod'],
    ];
  }

  /** Ends after the answers that are due. */
  shutDown(): void {
    this.http2.shutDown();
  }

  destroy(): void {
    this.http2.destroy();
  }
}

/** Over a plain socket, with prior knowledge. */
export function connectGrpc(
  address: { readonly host: string; readonly port: number },
  options: GrpcClientOptions = {},
): GrpcClient {
  return new GrpcClient(connectHttp2(address, options), {
    ...options,
    authority: options.authority ?? `${address.host}:${address.port}`,
  });
}

function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

abstract class ClientCall implements WaitingRequest, StreamHandler, MessageSink, DeadlineLinks {
  protected readonly client: GrpcClient;
  private readonly path: string;
  private readonly options: CallOptions;
  protected stream: Http2Stream | undefined = undefined;
  private reader: MessageReader;
  private headers: HeaderList | undefined = undefined;
  readonly deadlineAtMs: number;
  previousDeadline: DeadlineLinks | undefined = undefined;
  nextDeadline: DeadlineLinks | undefined = undefined;
  protected over = false;

  constructor(client: GrpcClient, path: string, options: CallOptions) {
    this.client = client;
    this.path = path;
    this.options = options;
    this.reader = new MessageReader(client.limits, client.partialMessages, undefined);
    this.deadlineAtMs = options.timeoutMs === undefined ? 0 : performance.now() + options.timeoutMs;
    if (this.deadlineAtMs > 0) client.deadlines.add(this);
  }

  open(connection: Http2Connection): void {
    if (this.over) return;
    this.stream = connection.open(this.client.head(connection, this.path, this.options), this);
    this.opened(this.stream);
  }

  lost(): void {
    this.finish({ code: STATUS.unavailable, text: 'the connection is lost' });
  }

  onHeaders(headers: HeaderList): void {
    this.headers = headers;
    const encoding = headers.get('grpc-encoding');
    if (encoding !== undefined)
      this.reader = new MessageReader(this.client.limits, this.client.partialMessages, encoding);
  }

  onData(bytes: Buffer<ArrayBufferLike>, start: number, end: number): void {
    this.reader.push(bytes, start, end, this);
  }

  /** A status in the head stands for trailers that never come. */
  onEnd(trailers: HeaderList | undefined): void {
    const last = trailers ?? this.headers;
    const code = last?.get('grpc-status');
    if (code === '0') this.finish(OK);
    else if (code === undefined) this.finish(statusOfHttp(this.headers?.status));
    else {
      const number = Number(code);
      const text = percentDecode(last?.get('grpc-message') ?? '');
      this.finish({ code: isStatusCode(number) ? number : STATUS.unknown, text });
    }
  }

  onReset(code: number): void {
    this.finish(statusOfReset(code));
  }

  onWritable(): void {
    // Only streams of messages wait for room.
  }

  deadlinePassed(): void {
    this.stop({ code: STATUS.deadlineExceeded, text: 'context deadline exceeded' });
  }

  messageRefused(status: GrpcStatus): void {
    this.stop(status);
  }

  /** Ends the call on our side. */
  protected stop(status: GrpcStatus): void {
    this.stream?.reset(ERROR_CODE.cancel);
    this.finish(status);
  }

  private finish(status: GrpcStatus): void {
    if (this.over) return;
    this.over = true;
    this.reader.stop();
    this.client.deadlines.remove(this);
    this.finished(status);
  }

  abstract messageReceived(bytes: Uint8Array): void;
  protected abstract opened(stream: Http2Stream): void;
  protected abstract finished(status: GrpcStatus): void;
}

class ClientUnary extends ClientCall {
  private readonly framed: Buffer;
  private readonly completion: UnaryCompletion;
  private answer: Uint8Array | undefined = undefined;

  constructor(
    client: GrpcClient,
    path: string,
    framed: Buffer,
    completion: UnaryCompletion,
    options: CallOptions,
  ) {
    super(client, path, options);
    this.framed = framed;
    this.completion = completion;
  }

  protected opened(stream: Http2Stream): void {
    stream.writeAndEnd(this.framed);
  }

  messageReceived(bytes: Uint8Array): void {
    this.answer = bytes;
  }

  protected finished(status: GrpcStatus): void {
    if (status.code === STATUS.ok && this.answer === undefined)
      this.completion.complete({ code: STATUS.internal, text: 'no message behind an OK' }, undefined);
    else this.completion.complete(status, this.answer);
  }
}

/** Messages both ways. What is sent before the server allows the stream waits in order. */
export class ClientStream extends ClientCall {
  private readonly listener: ClientStreamListener;
  private early: Buffer[] = [];
  private endedEarly = false;

  constructor(client: GrpcClient, path: string, listener: ClientStreamListener, options: CallOptions) {
    super(client, path, options);
    this.listener = listener;
  }

  /** `false`: no room, wait for `onDrain`. */
  send(message: Uint8Array): boolean {
    if (this.over) return false;
    const framed = frameMessage(message);
    if (this.stream !== undefined) return this.stream.write(framed);
    this.early.push(framed);
    return true;
  }

  /** Nothing more is sent; the server still answers. */
  halfClose(): void {
    if (this.stream !== undefined) this.stream.end(undefined);
    else this.endedEarly = true;
  }

  cancel(): void {
    if (!this.over) this.stop({ code: STATUS.cancelled, text: 'cancelled by the client' });
  }

  protected opened(stream: Http2Stream): void {
    for (const framed of this.early) stream.write(framed);
    this.early = [];
    if (this.endedEarly) stream.end(undefined);
  }

  override onWritable(): void {
    this.listener.onDrain?.();
  }

  messageReceived(bytes: Uint8Array): void {
    if (!this.over) this.listener.onMessage(bytes);
  }

  protected finished(status: GrpcStatus): void {
    this.listener.onEnd(status);
  }
}
