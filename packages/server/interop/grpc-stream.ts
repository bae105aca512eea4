/** One gRPC call of many messages in both directions, over a session of Node's own HTTP/2 client. */
import { type ClientHttp2Stream, constants } from 'node:http2';

const PREFIX_BYTES = 5;

/** How a call ended: its grpc-status and text; -1 where it ended without one. */
export interface GrpcEnd {
  readonly status: number;
  readonly text: string;
}

export class GrpcStream {
  readonly ended: Promise<GrpcEnd>;
  private readonly stream: ClientHttp2Stream;
  /** What came and was not taken yet. */
  private readonly unread: Buffer[] = [];
  /** The beginning of a message whose end did not come yet. */
  private rest: Buffer = Buffer.alloc(0);
  private isOver = false;
  /** Wakes who waits for a message or the end. */
  private wake: (() => void) | undefined;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    let end: GrpcEnd = { status: -1, text: '' };
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] === undefined) return;
      end = {
        status: Number(headers['grpc-status']),
        text: decodeURIComponent(String(headers['grpc-message'] ?? '')),
      };
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => this.arrived(chunk));
    // The end says the rest.
    stream.on('error', () => {});
    this.ended = new Promise((resolve) => {
      stream.on('close', () => {
        this.isOver = true;
        this.wake?.();
        resolve(end);
      });
    });
  }

  send(message: Uint8Array): void {
    this.stream.write(framed(message));
  }

  /** Nothing more will be sent; answers still come. */
  halfClose(): void {
    this.stream.end();
  }

  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }

  /**
   * The next message; undefined at the end of the stream.
   *
   * @throws when neither comes within `timeoutMs`.
   */
  async next(timeoutMs = 20_000): Promise<Buffer | undefined> {
    if (this.unread.length === 0 && !this.isOver)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no message within ${timeoutMs} ms`)), timeoutMs);
        this.wake = () => {
          clearTimeout(timer);
          this.wake = undefined;
          resolve();
        };
      });
    return this.unread.shift();
  }

  private arrived(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      if (this.rest.length < PREFIX_BYTES) return;
      const end = PREFIX_BYTES + this.rest.readUInt32BE(1);
      if (this.rest.length < end) return;
      this.unread.push(this.rest.subarray(PREFIX_BYTES, end));
      this.rest = this.rest.subarray(end);
      this.wake?.();
    }
  }
}

export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}
