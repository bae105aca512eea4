/**
 * gRPC over Node's own HTTP/2 client, with nothing between the test and the wire: any path, any bytes, the status as
 * it came. Independent of Synod's own HTTP/2 on purpose.
 */
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { framed, GrpcStream } from './grpc-stream.ts';

export interface GrpcAnswer {
  /** grpc-status; -1 where the call ended without one, `text` says how. */
  readonly status: number;
  readonly text: string;
  readonly message: Buffer | undefined;
}

/** The codes of gRPC that the tests name. */
export const GRPC = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  resourceExhausted: 8,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

const PREFIX_BYTES = 5;
/** Longer than any test waits for the next message of a stream. */
const STREAM_TIMEOUT_MS = 300_000;

export class GrpcChannel {
  private readonly session: ClientHttp2Session;

  constructor(member: { readonly clientUrl: string }) {
    this.session = connect(member.clientUrl, { settings: { initialWindowSize: 16 * 1024 * 1024 } });
    // A lost connection ends the calls on it; each of them says so.
    this.session.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.session.closed && !this.session.destroyed;
  }

  close(): void {
    this.session.destroy();
  }

  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.session.ping((error) => (error ? reject(error) : resolve()));
    });
  }

  /** `token`: whose call it is, where that counts. */
  unary(path: string, message: Uint8Array, timeoutMs = 30_000, token?: string): Promise<GrpcAnswer> {
    return this.exchange(path, framed(message), timeoutMs, token);
  }

  /** Sends one message on a stream that stays open, and yields what comes until the caller has enough. */
  async *stream(path: string, message: Uint8Array): AsyncGenerator<Buffer> {
    const stream = this.open(path);
    stream.send(message);
    try {
      for (;;) {
        const next = await stream.next(STREAM_TIMEOUT_MS);
        if (next === undefined) return;
        yield next;
      }
    } finally {
      stream.cancel();
    }
  }

  /** A call of many messages in both directions. */
  open(path: string): GrpcStream {
    return new GrpcStream(this.session.request(headersFor(path)));
  }

  /** The body as given, framed or not. */
  exchange(path: string, body: Uint8Array, timeoutMs = 30_000, token?: string): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      if (!this.isOpen) {
        resolve({ status: -1, text: 'the connection is closed', message: undefined });
        return;
      }
      const stream = this.session.request(
        token === undefined ? headersFor(path) : { ...headersFor(path), token },
      );
      const chunks: Buffer[] = [];
      let status: string | undefined;
      let text = '';
      const note = (headers: Readonly<Record<string, unknown>>): void => {
        if (headers['grpc-status'] === undefined) {
          if (headers[':status'] !== 200 && headers[':status'] !== undefined)
            text = `HTTP status ${String(headers[':status'])}`;
          return;
        }
        status = String(headers['grpc-status']);
        text = decodeURIComponent(String(headers['grpc-message'] ?? ''));
      };
      stream.setTimeout(timeoutMs, () => {
        text = `no answer within ${timeoutMs} ms`;
        stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error: Error) => {
        if (status === undefined && text === '') text = error.message;
      });
      stream.on('close', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: status === undefined ? -1 : Number(status),
          text,
          message: bytes.length >= PREFIX_BYTES ? bytes.subarray(PREFIX_BYTES) : undefined,
        });
      });
      stream.end(body);
    });
  }
}

function headersFor(path: string): Record<string, string> {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
}
