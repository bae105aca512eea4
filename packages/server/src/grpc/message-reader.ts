/**
 * Cuts a stream's DATA into gRPC messages: a flag, a length, the bytes. A message that lies whole in one frame is handed
 * on without a copy. Errors have the codes and texts that gRPC's Go server gives.
 */
import { gunzipSync } from 'node:zlib';
import type { GrpcLimits } from './limits.ts';
import { type GrpcStatus, STATUS } from './status.ts';

export const PREFIX_BYTES = 5;
const COMPRESSED = 1;

/** Bytes of incomplete messages, counted over all readers that share it. */
export interface PartialMessages {
  bytes: number;
}

export interface MessageSink {
  messageReceived(bytes: Uint8Array): void;
  /** Nothing more is read. */
  messageRefused(status: GrpcStatus): void;
}

export class MessageReader {
  private readonly limits: GrpcLimits;
  private readonly shared: PartialMessages;
  private readonly encoding: string | undefined;
  /** What has come of the message that is not yet whole. */
  private parts: Uint8Array[] = [];
  private partBytes = 0;
  private stopped = false;

  /** `encoding`: the stream's grpc-encoding. */
  constructor(limits: GrpcLimits, shared: PartialMessages, encoding: string | undefined) {
    this.limits = limits;
    this.shared = shared;
    this.encoding = encoding;
  }

  /** A message has begun and is not whole. */
  get isInMessage(): boolean {
    return this.partBytes > 0;
  }

  push(bytes: Buffer<ArrayBufferLike>, start: number, end: number, sink: MessageSink): void {
    if (this.stopped) return;
    if (this.partBytes > 0) {
      this.hold(bytes.subarray(start, end), sink);
      if (this.stopped || !this.heldIsWhole(sink)) return;
      bytes = Buffer.concat(this.parts, this.partBytes);
      this.release();
      start = 0;
      end = bytes.length;
    }
    while (end - start >= PREFIX_BYTES && !this.stopped) {
      const length = bytes.readUInt32BE(start + 1);
      if (!this.accepts(length, sink)) return;
      const next = start + PREFIX_BYTES + length;
      if (next > end) break;
      this.deliver(bytes[start]!, bytes.subarray(start + PREFIX_BYTES, next), sink);
      start = next;
    }
    if (start < end && !this.stopped) this.hold(bytes.subarray(start, end), sink);
  }

  /** Forgets what is held; nothing more is read. */
  stop(): void {
    this.stopped = true;
    this.release();
  }

  private release(): void {
    this.shared.bytes -= this.partBytes;
    this.parts = [];
    this.partBytes = 0;
  }

  private hold(part: Uint8Array, sink: MessageSink): void {
    this.parts.push(part);
    this.partBytes += part.length;
    this.shared.bytes += part.length;
    if (this.shared.bytes <= this.limits.partialMessageBytesMax) return;
    this.fail(sink, STATUS.resourceExhausted, 'too many incomplete messages at this server, try again later');
  }

  private heldIsWhole(sink: MessageSink): boolean {
    if (this.partBytes < PREFIX_BYTES) return false;
    const prefix = this.parts[0]!.length >= PREFIX_BYTES ? this.parts[0]! : this.joined();
    const length = ((prefix[1]! << 24) | (prefix[2]! << 16) | (prefix[3]! << 8) | prefix[4]!) >>> 0;
    return this.accepts(length, sink) && this.partBytes >= PREFIX_BYTES + length;
  }

  /** A prefix that came in pieces becomes one. */
  private joined(): Uint8Array {
    this.parts = [Buffer.concat(this.parts, this.partBytes)];
    return this.parts[0]!;
  }

  private accepts(length: number, sink: MessageSink): boolean {
    const max = this.limits.messageBytesMax;
    if (length <= max) return true;
    this.fail(
      sink,
      STATUS.resourceExhausted,
      `grpc: received message larger than max (${length} vs. ${max})`,
    );
    return false;
  }

  private deliver(flag: number, message: Uint8Array, sink: MessageSink): void {
    if (flag === 0) sink.messageReceived(message);
    else if (flag === COMPRESSED) this.deliverCompressed(message, sink);
    else this.fail(sink, STATUS.internal, `grpc: received unexpected payload format ${flag}`);
  }

  private deliverCompressed(message: Uint8Array, sink: MessageSink): void {
    const { encoding } = this;
    if (encoding === undefined || encoding === 'identity') {
      this.fail(sink, STATUS.internal, 'grpc: compressed flag set with identity or empty encoding');
      return;
    }
    if (encoding !== 'gzip') {
      this.fail(
        sink,
        STATUS.unimplemented,
        `grpc: Decompressor is not installed for grpc-encoding "${encoding}"`,
      );
      return;
    }
    const max = this.limits.messageBytesMax;
    let inflated: Uint8Array;
    try {
      inflated = gunzipSync(message, { maxOutputLength: max });
    } catch (error) {
      if (error instanceof RangeError) {
        this.fail(
          sink,
          STATUS.resourceExhausted,
          `grpc: received message after decompression larger than max ${max}`,
        );
        return;
      }
      const why = error instanceof Error ? error.message : String(error);
      this.fail(sink, STATUS.internal, `grpc: failed to decompress the received message: ${why}`);
      return;
    }
    sink.messageReceived(inflated);
  }

  private fail(sink: MessageSink, code: GrpcStatus['code'], text: string): void {
    this.stop();
    sink.messageRefused({ code, text });
  }
}
