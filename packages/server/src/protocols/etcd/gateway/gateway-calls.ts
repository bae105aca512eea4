/**
 * The calls that the services see when a request comes over HTTP/1.1: a message decoded from JSON goes in, and what is answered
 * goes out as JSON. Knows no service.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseTimeout } from '../../../grpc/metadata.ts';
import type { CancelReason } from '../../../grpc/server-call.ts';
import { STATUS, type StatusCode } from '../../../grpc/status.ts';
import type { RpcMethod, StreamCall, StreamListener, UnaryCall } from '../rpc.ts';
import type { MessageSchema } from '../schema/schema.ts';
import type { TurnQueue } from '../turn-queue.ts';
import { errorJson, httpStatusOf, streamErrorJson } from './http-status.ts';
import { DEADLINE_MS_MAX, LONG_MESSAGE_BYTES } from './limits.ts';
import { JsonInParts, jsonPieces, protobufToJson } from './protobuf-to-json.ts';

/** What a call belongs to. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: MessageSchema;
  /** For messages that take long to translate. */
  readonly turns: TurnQueue;
  /** Told once, when the call is over, of its status. */
  readonly ended: (code: StatusCode) => void;
}

const HEAD = { 'content-type': 'application/json', 'grpc-metadata-content-type': 'application/grpc' };

abstract class GatewayCall {
  protected readonly exchange: Exchange;
  /** Answered, failed or cancelled; nothing is sent any more. Monotonic. */
  protected over = false;
  private deadline: NodeJS.Timeout | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    exchange.response.on('close', () => this.letGo('cancelledByClient', STATUS.cancelled));
  }

  get isOver(): boolean {
    return this.over;
  }

  metadata(name: string): string | undefined {
    return metadataOf(this.exchange.request, name);
  }

  /** Keeps the deadline that the client set, if any. Fails the call and gives false where it is none. */
  keepsDeadline(): boolean {
    const text = this.exchange.request.headers['grpc-timeout'];
    if (text === undefined) return true;
    const timeoutMs = typeof text === 'string' ? parseTimeout(text) : undefined;
    if (timeoutMs === undefined) {
      this.fail(STATUS.invalidArgument, `invalid grpc-timeout: ${String(text)}`);
      return false;
    }
    if (timeoutMs <= DEADLINE_MS_MAX)
      this.deadline = setTimeout(() => this.deadlinePassed(), timeoutMs).unref();
    return true;
  }

  private deadlinePassed(): void {
    if (this.over) return;
    this.writeFailure(STATUS.deadlineExceeded, 'context deadline exceeded');
    this.letGo('deadlineExceeded', STATUS.deadlineExceeded);
  }

  fail(code: StatusCode, text: string): void {
    if (this.over) return;
    this.finished(code);
    this.writeFailure(code, text);
  }

  protected finished(code: StatusCode): void {
    this.over = true;
    clearTimeout(this.deadline);
    this.exchange.ended(code);
  }

  protected letGo(reason: CancelReason, code: StatusCode): void {
    if (this.over) return;
    this.finished(code);
    this.cancelled(reason);
  }

  protected abstract cancelled(reason: CancelReason): void;
  protected abstract writeFailure(code: StatusCode, text: string): void;
}

export class GatewayUnaryCall extends GatewayCall implements UnaryCall {
  message: Uint8Array = new Uint8Array(0);
  onCancel: UnaryCall['onCancel'] = undefined;

  respond(message: Uint8Array): void {
    if (this.over) return;
    this.finished(STATUS.ok);
    const { response, answer } = this.exchange;
    response.writeHead(200, HEAD);
    if (message.length < LONG_MESSAGE_BYTES) response.end(protobufToJson(answer, message));
    else this.writePieces(jsonPieces(answer, message));
  }

  respondInParts(parts: readonly Uint8Array[]): void {
    this.respond(Buffer.concat(parts));
  }

  private writePieces(pieces: Generator<string, string>): void {
    const { response, turns } = this.exchange;
    if (response.destroyed) return;
    const piece = pieces.next();
    if (piece.done === true) {
      response.end(piece.value);
      return;
    }
    response.write(piece.value);
    turns.add(() => this.writePieces(pieces));
  }

  protected cancelled(reason: CancelReason): void {
    this.onCancel?.(reason);
  }

  protected writeFailure(code: StatusCode, text: string): void {
    sendError(this.exchange.response, code, text);
  }
}

export class GatewayStreamCall extends GatewayCall implements StreamCall {
  /** Undefined until the method is open, which may fail it at once. */
  private listener: StreamListener | undefined;
  /** The message that is sent in parts, and its bytes to come. */
  private begun: { readonly json: JsonInParts; bytesLeft: number } | undefined;

  open(method: Extract<RpcMethod, { kind: 'stream' }>): void {
    this.exchange.response.on('drain', () => {
      if (!this.over) this.listener?.onDrain();
    });
    this.listener = method.open(this);
  }

  /** A message from the client. */
  hear(message: Uint8Array): void {
    if (!this.over) this.listener?.onMessage(message);
  }

  /** The client says no more. */
  halfClose(): void {
    if (!this.over) this.listener?.onHalfClose();
  }

  send(message: Uint8Array): boolean {
    if (this.over) return false;
    this.writeHead();
    const { response, answer } = this.exchange;
    return response.write(`{"result":${protobufToJson(answer, message)}}\n`);
  }

  beginMessage(bytes: number): void {
    if (this.over) return;
    this.writeHead();
    this.begun = { json: new JsonInParts(this.exchange.answer), bytesLeft: bytes };
    this.exchange.response.write('{"result":');
  }

  continueMessage(part: Uint8Array): boolean {
    const { begun } = this;
    if (this.over || begun === undefined) return false;
    begun.bytesLeft -= part.length;
    const text = begun.json.text(part);
    if (begun.bytesLeft > 0) return this.exchange.response.write(text);
    this.begun = undefined;
    return this.exchange.response.write(`${text}${begun.json.end()}}\n`);
  }

  finish(): void {
    if (this.over) return;
    this.finished(STATUS.ok);
    this.writeHead();
    this.exchange.response.end();
  }

  private writeHead(): void {
    const { response } = this.exchange;
    if (!response.headersSent) response.writeHead(200, HEAD);
  }

  protected cancelled(): void {
    this.listener?.onCancel();
  }

  /** Before the first answer the status is HTTP's own; afterwards it is the last line. */
  protected writeFailure(code: StatusCode, text: string): void {
    const { response } = this.exchange;
    if (!response.headersSent) response.writeHead(httpStatusOf(code), { 'content-type': 'application/json' });
    // In the middle of a message nobody could read it.
    if (this.begun !== undefined) response.destroy();
    else response.end(streamErrorJson(code, text));
  }
}

/** `Grpc-Metadata-Name: value` is metadata; so is `Authorization` as it stands. */
export function metadataOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[`grpc-metadata-${name}`] ?? (name === 'authorization' ? headers[name] : undefined);
  return Array.isArray(value) ? value[0] : value;
}

export function sendError(response: ServerResponse, code: StatusCode, text: string): void {
  response.writeHead(httpStatusOf(code), { 'content-type': 'application/json' }).end(errorJson(code, text));
}
