/**
 * One call at the server: gathers its messages, keeps its deadline, and writes its answer straight into the connection's
 * outgoing buffer. The unary call and the stream call share all but what a message means. Knows no service.
 */

import { ERROR_CODE } from '../http2/frames.ts';
import type { HeaderList } from '../http2/hpack/header-field.ts';
import type { Http2Stream, StreamHandler, WriteInto } from '../http2/stream.ts';
import type { DeadlineLinks, DeadlineWheel } from './deadline-wheel.ts';
import type { GrpcLimits } from './limits.ts';
import { MessageReader, type MessageSink, type PartialMessages, PREFIX_BYTES } from './message-reader.ts';
import {
  OK_TRAILERS,
  RESPONSE_HEAD,
  trailers,
  trailersOnly,
  trailersOnlyWithEncodings,
} from './response-blocks.ts';
import { type GrpcStatus, OK, STATUS, type StatusCode } from './status.ts';

/** Why a call was over before its answer. */
export type CancelReason = 'cancelledByClient' | 'deadlineExceeded';

/** What calls of one server share. */
export interface CallContext {
  readonly limits: GrpcLimits;
  readonly deadlines: DeadlineWheel;
  readonly partialMessages: PartialMessages;
  /** Told once of every call that ended, with its status. */
  readonly callEnded: (call: ServerCall, code: StatusCode) => void;
}

/** Below it a message is copied into the outgoing buffer beside its frame; above it goes as frames of its own. */
const COPIED_MESSAGE_BYTES_MAX = 16_384 - PREFIX_BYTES;

/** Stands for a message that has not come. */
const NO_MESSAGE = new Uint8Array(0);

/** The message that `writeHeld` writes: set and used within one synchronous call. */
let heldMessage: Uint8Array = new Uint8Array(0);

function writePrefix(into: Buffer, offset: number, length: number): number {
  into[offset] = 0;
  return into.writeUInt32BE(length, offset + 1);
}

function writeHeld(into: Buffer, offset: number): number {
  const at = writePrefix(into, offset, heldMessage.length);
  into.set(heldMessage, at);
  return at + heldMessage.length;
}

abstract class Call implements StreamHandler, MessageSink, DeadlineLinks {
  /** `/package.Service/Method` */
  readonly path: string;
  protected readonly headers: HeaderList;
  protected readonly stream: Http2Stream;
  protected readonly context: CallContext;
  private readonly reader: MessageReader;
  /** On the server's clock; 0: none. */
  readonly deadlineAtMs: number;
  previousDeadline: DeadlineLinks | undefined = undefined;
  nextDeadline: DeadlineLinks | undefined = undefined;
  /** Answered, failed or cancelled; nothing is sent any more. Monotonic. */
  protected over = false;
  /** Over before it was answered. Monotonic. */
  cancelled = false;
  protected headSent = false;
  /** For whoever times calls; the call itself does not look at it. */
  begunMs = 0;
  messagesReceived = 0;
  messagesSent = 0;

  constructor(stream: Http2Stream, headers: HeaderList, context: CallContext, deadlineAtMs: number) {
    this.path = headers.path ?? '';
    this.stream = stream;
    this.headers = headers;
    this.context = context;
    this.deadlineAtMs = deadlineAtMs;
    this.reader = new MessageReader(context.limits, context.partialMessages, headers.get('grpc-encoding'));
    if (deadlineAtMs > 0) context.deadlines.add(this);
  }

  /** The first value of a metadata key, in lower case: `hasleader`, `authority`, `token`… */
  metadata(key: string): string | undefined {
    return this.headers.get(key);
  }

  /** Of the certificate that the client showed and that was found good; undefined: there is none. */
  get peerCommonName(): string | undefined {
    return this.stream.peerCommonName;
  }

  get authority(): string | undefined {
    return this.headers.authority;
  }

  /** The answer is a status other than OK. */
  fail(code: StatusCode, text: string): void {
    this.finishWith({ code, text });
  }

  protected finishWith(status: GrpcStatus): void {
    if (this.over) return;
    this.end(status.code);
    if (!this.headSent) this.stream.sendHeadersAndEnd(trailersOnly(status));
    else this.stream.end(status.code === STATUS.ok ? OK_TRAILERS : trailers(status));
  }

  /** Returns whether the stream takes more. */
  protected sendMessage(bytes: Uint8Array): boolean {
    const { stream } = this;
    if (bytes.length <= COPIED_MESSAGE_BYTES_MAX) {
      this.messagesSent++;
      heldMessage = bytes;
      return stream.writeInPlace(PREFIX_BYTES + bytes.length, writeHeld);
    }
    this.sendPrefix(bytes.length);
    return stream.write(bytes);
  }

  protected sendMessageInParts(parts: readonly Uint8Array[]): void {
    this.sendPrefix(parts.reduce((sum, { length }) => sum + length, 0));
    for (const part of parts) this.stream.write(part);
  }

  /** What stands before a message's bytes. */
  protected sendPrefix(messageBytes: number): void {
    this.messagesSent++;
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
    writePrefix(prefix, 0, messageBytes);
    this.stream.write(prefix);
  }

  protected sendMessageWith(bytesMax: number, write: WriteInto): boolean {
    this.messagesSent++;
    return this.stream.writeInPlace(PREFIX_BYTES + bytesMax, (into, offset) => {
      const end = write(into, offset + PREFIX_BYTES);
      writePrefix(into, offset, end - offset - PREFIX_BYTES);
      return end;
    });
  }

  /** Marks the end; what it returns to no longer reads or waits. */
  protected end(code: StatusCode): void {
    this.over = true;
    this.reader.stop();
    this.context.deadlines.remove(this);
    this.context.callEnded(this as unknown as ServerCall, code);
  }

  // ---- the stream's side ----

  onHeaders(): void {
    // The head came with the stream.
  }

  onData(bytes: Buffer<ArrayBufferLike>, start: number, end: number): void {
    if (!this.over) this.reader.push(bytes, start, end, this);
  }

  onEnd(): void {
    if (this.over) return;
    if (this.reader.isInMessage) this.fail(STATUS.internal, 'unexpected EOF');
    else this.halfClosed();
  }

  onReset(code: number): void {
    if (this.over) return;
    this.cancelled = true;
    this.end(code === ERROR_CODE.cancel ? STATUS.cancelled : STATUS.unavailable);
    this.wasCancelled('cancelledByClient');
  }

  onWritable(): void {
    // Only streams of messages wait for room.
  }

  deadlinePassed(): void {
    this.cancelled = true;
    this.finishWith({ code: STATUS.deadlineExceeded, text: 'context deadline exceeded' });
    this.wasCancelled('deadlineExceeded');
  }

  messageRefused(status: GrpcStatus): void {
    this.cancelled = true;
    if (status.code === STATUS.unimplemented && !this.headSent) {
      this.end(status.code);
      this.stream.sendHeadersAndEnd(trailersOnlyWithEncodings(status));
    } else {
      this.finishWith(status);
    }
    this.wasCancelled('cancelledByClient');
  }

  abstract messageReceived(bytes: Uint8Array): void;
  protected abstract halfClosed(): void;
  protected abstract wasCancelled(reason: CancelReason): void;
}

export type UnaryHandler = (call: UnaryCall) => void;

/** One message, one answer. The handler runs once the client has said all. */
export class UnaryCall extends Call {
  private readonly handler: UnaryHandler;
  /** The request, once the handler runs. May be kept; it is a part of a larger buffer. */
  message: Uint8Array = NO_MESSAGE;
  /** Set by whoever wants to know; called at most once, and only before an answer. */
  onCancel: ((reason: CancelReason) => void) | undefined = undefined;

  constructor(
    stream: Http2Stream,
    headers: HeaderList,
    context: CallContext,
    deadlineAtMs: number,
    handler: UnaryHandler,
  ) {
    super(stream, headers, context, deadlineAtMs);
    this.handler = handler;
  }

  /** Answers with these bytes. */
  respond(bytes: Uint8Array): void {
    if (this.over) return;
    this.stream.sendHeaders(RESPONSE_HEAD);
    this.sendMessage(bytes);
    this.succeed();
  }

  /** Answers with one message that lies in several places. */
  respondInParts(parts: readonly Uint8Array[]): void {
    if (this.over) return;
    this.stream.sendHeaders(RESPONSE_HEAD);
    this.sendMessageInParts(parts);
    this.succeed();
  }

  /** Answers with what `write` puts into the outgoing buffer: at most `bytesMax`, from the offset that it is given. */
  respondWith(bytesMax: number, write: WriteInto): void {
    if (this.over) return;
    this.stream.sendHeaders(RESPONSE_HEAD);
    this.sendMessageWith(bytesMax, write);
    this.succeed();
  }

  /** Unless a peer that does not read has lost the call meanwhile. */
  private succeed(): void {
    if (this.over) return;
    this.end(STATUS.ok);
    this.stream.end(OK_TRAILERS);
  }

  messageReceived(bytes: Uint8Array): void {
    this.messagesReceived++;
    if (this.message === NO_MESSAGE) this.message = bytes;
    else this.fail(STATUS.internal, 'cardinality violation: more than one request message');
  }

  protected halfClosed(): void {
    if (this.message === NO_MESSAGE) this.fail(STATUS.internal, 'cardinality violation: no request message');
    else this.handler(this);
  }

  protected wasCancelled(reason: CancelReason): void {
    this.onCancel?.(reason);
  }
}

/** Told what a client does on a stream of messages. */
export interface StreamListener {
  /** May be kept; it is a part of a larger buffer. */
  onMessage(bytes: Uint8Array): void;
  /** The client sends nothing more, but still listens. */
  onHalfClose(): void;
  /** Over before `end` or `fail`; nothing can be sent. */
  onCancel(reason: CancelReason): void;
  /** There is room again, after `send` had said that there was none. */
  onDrain(): void;
}

export type StreamOpener = (call: StreamCall) => StreamListener;

/** Messages both ways, until either side ends it. */
export class StreamCall extends Call {
  /** Set by the server as it opens the call. */
  listener!: StreamListener;

  /** Sends a message; `false`: no room, wait for `onDrain`. What was given is sent all the same. */
  send(bytes: Uint8Array): boolean {
    if (this.over) return false;
    this.sendHead();
    return this.sendMessage(bytes);
  }

  /** Begins a message of so many bytes, which follow by `continueMessage` before anything else is sent. */
  beginMessage(bytes: number): void {
    if (this.over) return;
    this.sendHead();
    this.sendPrefix(bytes);
  }

  /** The next bytes of the message that was begun; returns as `send`. */
  continueMessage(part: Uint8Array): boolean {
    return !this.over && this.stream.write(part);
  }

  /** As `send`, with what `write` puts into the outgoing buffer. */
  sendWith(bytesMax: number, write: WriteInto): boolean {
    if (this.over) return false;
    this.sendHead();
    return this.sendMessageWith(bytesMax, write);
  }

  /** Lets the client know that it is heard, before the first message. */
  sendHead(): void {
    if (this.headSent || this.over) return;
    this.headSent = true;
    this.stream.sendHeaders(RESPONSE_HEAD);
  }

  /** All was said, and well. */
  finish(): void {
    this.sendHead();
    this.finishWith(OK);
  }

  override onWritable(): void {
    if (!this.over) this.listener.onDrain();
  }

  messageReceived(bytes: Uint8Array): void {
    this.messagesReceived++;
    this.listener.onMessage(bytes);
  }

  protected halfClosed(): void {
    this.listener.onHalfClose();
  }

  protected wasCancelled(reason: CancelReason): void {
    this.listener.onCancel(reason);
  }
}

export type ServerCall = UnaryCall | StreamCall;
