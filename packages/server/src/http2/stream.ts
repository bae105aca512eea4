/**
 * One stream of a connection: what its user may send and is told, and what waits to be sent (RFC 9113 section 5). The
 * connection owns the windows of the whole and the socket; this file knows no frame that arrives.
 */
import { FLAG, FRAME, FRAME_HEADER_BYTES, writeFrameHeader } from './frames.ts';
import type { HeaderList } from './hpack/header-field.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { SendScheduler } from './send-scheduler.ts';

/** Told what happens to a stream. Calls come in the order of the frames; after `onReset` nothing more comes. */
export interface StreamHandler {
  /** A client's answer began. Never called at a server, where the head comes with the stream. */
  onHeaders(headers: HeaderList): void;
  /** bytes[start..end) may be kept. It is acknowledged to the peer at once. */
  onData(bytes: Buffer<ArrayBufferLike>, start: number, end: number): void;
  /** The peer will send nothing more. */
  onEnd(trailers: HeaderList | undefined): void;
  /** Over before its end: by the peer's reset, a breach of the protocol, or the loss of the sender. */
  onReset(code: number): void;
  /** What waited has gone down to half of the limit, after `write` had said that there is no room. */
  onWritable(): void;
}

/** Writes into `into` from `offset`, at most what was announced; returns the offset behind what it wrote. */
export type WriteInto = (into: Buffer, offset: number) => number;

/** The connection, as its streams see it. */
export interface StreamOwner {
  /** Of the peer's certificate, where it showed one that was found good. */
  readonly peerCommonName: string | undefined;
  /** Whether the connection may make another request now; asked once a request. */
  takeRequest(): boolean;
  /** All of our side is in the output. */
  localSideEnded(stream: Http2Stream): void;
  /** The stream's user gives it up. */
  resetStream(stream: Http2Stream, code: number): void;
  /** The stream waits behind too much that the peer does not take. Its handler is told of the reset at once. */
  queueOverflowed(stream: Http2Stream): void;
}

export interface StreamParts {
  readonly id: number;
  readonly owner: StreamOwner;
  readonly sender: SendScheduler;
  readonly sendWindowBytes: number;
}

export class Http2Stream {
  readonly id: number;
  private readonly owner: StreamOwner;
  private readonly sender: SendScheduler;
  /** Set once, before anything is told. */
  handler!: StreamHandler;
  /** What the peer allows on this stream; negative after it lowered its initial window. Written by the sender. */
  sendWindow: number;
  /** What we allow the peer. Written by the sender. */
  readonly receiveWindow: ReceiveWindow;
  /** The peer has ended its side. Monotonic; written by the sender. */
  remoteEnded = false;
  /** A client's stream: the answer's head has come. Monotonic; written by the sender. */
  headersReceived = false;
  /** content-length less what has come; -1: it was not stated. Written by the sender. */
  contentBytesLeft = -1;
  /** END_STREAM was sent or waits behind `queue`. Monotonic. */
  private localEnded = false;
  /** Nothing is sent or told any more. Monotonic; written by the sender. */
  closed = false;
  /** DATA that waits for a window or for the socket, oldest first; the first is sent up to `queueOffset`. */
  private queue: Uint8Array[] = [];
  private queueOffset = 0;
  queuedBytes = 0;
  /** The trailers' block that waits behind the queue. */
  private queuedTrailers: Buffer | undefined = undefined;
  private roomDenied = false;

  constructor(parts: StreamParts) {
    this.id = parts.id;
    this.owner = parts.owner;
    this.sender = parts.sender;
    this.sendWindow = parts.sendWindowBytes;
    this.receiveWindow = new ReceiveWindow(parts.sender.limits.streamWindowBytes);
  }

  /** Whether its connection may make another request now; asked once a request. */
  takeRequest(): boolean {
    return this.owner.takeRequest();
  }

  get peerCommonName(): string | undefined {
    return this.owner.peerCommonName;
  }

  /** A header block, without the end of the stream. */
  sendHeaders(block: Buffer): void {
    if (this.closed) return;
    this.sender.writeHeaderBlock(this.id, block, 0);
  }

  /** The message is its head alone. */
  sendHeadersAndEnd(block: Buffer): void {
    if (this.closed) return;
    this.localEnded = true;
    this.sender.writeHeaderBlock(this.id, block, FLAG.endStream);
    this.owner.localSideEnded(this);
  }

  /** The bytes are kept until they are sent: the caller writes to them no more. `false`: wait for `onWritable`. */
  write(bytes: Uint8Array): boolean {
    if (this.closed || this.localEnded) return false;
    return this.writeOrQueue(bytes);
  }

  /** The last bytes, with the end of the stream in their frame. */
  writeAndEnd(bytes: Uint8Array): void {
    if (this.closed || this.localEnded) return;
    const room = this.sender.dataRoom(this);
    if (this.queuedBytes === 0 && bytes.length <= room) {
      this.localEnded = true;
      this.sender.writeData(this, bytes, 0, bytes.length, FLAG.endStream);
      this.owner.localSideEnded(this);
      return;
    }
    this.writeOrQueue(bytes);
    this.end(undefined);
  }

  /**
   * DATA that `write` puts straight into the outgoing buffer; at most `bytesMax`. Where a window or the peer's frame
   * size is too small for that it goes the long way, with one copy.
   */
  writeInPlace(bytesMax: number, write: WriteInto): boolean {
    if (this.closed || this.localEnded) return false;
    const { sender } = this;
    if (this.queuedBytes > 0 || bytesMax > sender.dataRoom(this)) {
      const bytes = Buffer.allocUnsafeSlow(bytesMax);
      return this.writeOrQueue(bytes.subarray(0, write(bytes, 0)));
    }
    const { output } = sender;
    output.reserve(FRAME_HEADER_BYTES + bytesMax);
    const start = output.length + FRAME_HEADER_BYTES;
    const end = write(output.buffer, start);
    writeFrameHeader(output.buffer, output.length, end - start, FRAME.data, 0, this.id);
    output.length = end;
    sender.spendWindow(this, end - start);
    return true;
  }

  /** Ends our side: with a block of trailers, or with an empty DATA frame. At a server the stream is over with it. */
  end(trailers: Buffer | undefined): void {
    if (this.closed || this.localEnded) return;
    this.localEnded = true;
    this.queuedTrailers = trailers;
    if (this.queuedBytes === 0) this.sendEnd();
  }

  /** Gives the stream up; what waited is dropped and nothing more is told. */
  reset(code: number): void {
    if (!this.closed) this.owner.resetStream(this, code);
  }

  private writeOrQueue(bytes: Uint8Array): boolean {
    const { sender } = this;
    let sent = 0;
    while (this.queuedBytes === 0 && sent < bytes.length) {
      const room = Math.min(sender.dataRoom(this), bytes.length - sent);
      if (room <= 0) break;
      sender.writeData(this, bytes, sent, sent + room, 0);
      sent += room;
    }
    if (sent === bytes.length) return true;
    return this.enqueue(sent === 0 ? bytes : bytes.subarray(sent));
  }

  private enqueue(bytes: Uint8Array): boolean {
    const { sender } = this;
    if (sender.queuedBytes > sender.limits.connectionQueueBytesMax) {
      this.owner.queueOverflowed(this);
      return false;
    }
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    sender.queuedMore(this, bytes.length);
    this.roomDenied = this.queuedBytes > sender.limits.streamQueueBytes;
    return !this.roomDenied;
  }

  /** Sends one frame of what waits, where windows and socket allow; the connection goes round its streams with it. */
  sendQueued(): void {
    const { sender } = this;
    const first = this.queue[0]!;
    const bytes = Math.min(sender.dataRoom(this), first.length - this.queueOffset);
    if (bytes <= 0) return;
    const isLast = bytes === this.queuedBytes && this.localEnded && this.queuedTrailers === undefined;
    const start = this.queueOffset;
    this.queuedBytes -= bytes;
    this.queueOffset += bytes;
    if (this.queueOffset === first.length) {
      this.queue.shift();
      this.queueOffset = 0;
    }
    sender.queuedLess(bytes);
    sender.writeData(this, first, start, start + bytes, isLast ? FLAG.endStream : 0);
    if (isLast) this.owner.localSideEnded(this);
    else if (this.queuedBytes === 0 && this.localEnded) this.sendEnd();
    else if (this.roomDenied && this.queuedBytes <= sender.limits.streamQueueBytes / 2) {
      this.roomDenied = false;
      this.handler.onWritable();
    }
  }

  private sendEnd(): void {
    const { sender } = this;
    if (this.queuedTrailers === undefined) sender.writeData(this, NOTHING, 0, 0, FLAG.endStream);
    else sender.writeHeaderBlock(this.id, this.queuedTrailers, FLAG.endStream);
    this.owner.localSideEnded(this);
  }

  /** Whether our side has said all: nothing waits. */
  get localFinished(): boolean {
    return this.localEnded && this.queuedBytes === 0;
  }

  /** Lets go of what waits; called by the connection when the stream closes. */
  drop(): void {
    this.closed = true;
    if (this.queuedBytes > 0) this.sender.queuedLess(this.queuedBytes);
    this.queue = [];
    this.queuedBytes = 0;
    this.queuedTrailers = undefined;
  }
}

const NOTHING = new Uint8Array(0);
