/**
 * A gRPC server over our HTTP/2: finds the method, checks the head, and hands the call to its handler. Refusals have the
 * codes and texts of gRPC's Go server, because clients compare them. Knows no service.
 */
import { performance } from 'node:perf_hooks';
import type { HeaderList } from '../http2/hpack/header-field.ts';
import { createHttp2Listener, type Http2Listener, type Http2ListenerOptions } from '../http2/listener.ts';
import type { Http2Stream, StreamHandler } from '../http2/stream.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { GRPC_LIMITS, type GrpcLimits } from './limits.ts';
import { parseTimeout } from './metadata.ts';
import { httpError, trailersOnly } from './response-blocks.ts';
import {
  type CallContext,
  type ServerCall,
  StreamCall,
  type StreamOpener,
  UnaryCall,
  type UnaryHandler,
} from './server-call.ts';
import { type GrpcStatus, STATUS, type StatusCode } from './status.ts';

export type GrpcMethod =
  | { readonly kind: 'unary'; readonly handler: UnaryHandler }
  | { readonly kind: 'stream'; readonly open: StreamOpener };

/** By path: `/package.Service/Method`. */
export type GrpcMethods = ReadonlyMap<string, GrpcMethod>;

/** Told of the calls that reach a method, for the metrics. */
export interface GrpcObserver {
  callStarted(call: ServerCall): void;
  /** Once a call; `call` knows how many messages it saw. */
  callEnded(call: ServerCall, code: StatusCode): void;
}

export interface GrpcServerOptions extends Omit<Http2ListenerOptions, 'onStream'> {
  readonly methods: GrpcMethods;
  readonly grpcLimits?: Partial<GrpcLimits>;
  readonly grpcObserver?: GrpcObserver;
  /** The answer to a connection that makes more requests than `limits.requests` lets it. */
  readonly tooManyRequests?: GrpcStatus;
}

/** A listener whose HTTP/2 streams are calls. */
export function createGrpcServer(options: GrpcServerOptions): Http2Listener {
  const clock = options.clock ?? (() => performance.now());
  const calls = new Calls(options, clock);
  return createHttp2Listener({
    ...options,
    clock,
    onStream: (stream, headers) => calls.open(stream, headers),
  });
}

/** Takes what still comes of a request that was answered by its head alone. */
const ANSWERED: StreamHandler = {
  onHeaders: nothing,
  onData: nothing,
  onEnd: nothing,
  onReset: nothing,
  onWritable: nothing,
};

class Calls {
  private readonly methods: GrpcMethods;
  private readonly services: ReadonlySet<string>;
  private readonly context: CallContext;
  private readonly clock: () => number;
  private readonly observer: GrpcObserver | undefined;
  private readonly tooManyRequests: GrpcStatus;

  constructor(options: GrpcServerOptions, clock: () => number) {
    this.methods = options.methods;
    this.services = new Set([...options.methods.keys()].map(serviceOf));
    this.clock = clock;
    this.observer = options.grpcObserver;
    this.tooManyRequests = options.tooManyRequests ?? {
      code: STATUS.resourceExhausted,
      text: 'too many requests',
    };
    this.context = {
      limits: { ...GRPC_LIMITS, ...options.grpcLimits },
      deadlines: new DeadlineWheel(clock),
      partialMessages: { bytes: 0 },
      callEnded: (call, code) => options.grpcObserver?.callEnded(call, code),
    };
  }

  open(stream: Http2Stream, headers: HeaderList): StreamHandler {
    if (!stream.takeRequest()) return refuse(stream, this.tooManyRequests);
    if (headers.method !== 'POST')
      return refuseHttp(stream, 405, {
        code: STATUS.internal,
        text: `Received a HEADERS frame with :method "${headers.method}" which should be POST`,
      });
    const contentType = headers.get('content-type');
    if (contentType !== 'application/grpc' && !isGrpcType(contentType))
      return refuseHttp(stream, 415, {
        code: STATUS.invalidArgument,
        text: `invalid gRPC request content-type "${contentType ?? ''}"`,
      });
    const timeout = headers.get('grpc-timeout');
    let deadlineAtMs = 0;
    if (timeout !== undefined) {
      const timeoutMs = parseTimeout(timeout);
      if (timeoutMs === undefined)
        return refuseHttp(stream, 400, {
          code: STATUS.internal,
          text: `malformed grpc-timeout: "${timeout}"`,
        });
      deadlineAtMs = this.clock() + timeoutMs;
    }
    const method = this.methods.get(headers.path!);
    if (method === undefined) return refuse(stream, this.unknownMethod(headers.path!));
    if (method.kind === 'unary') {
      const call = new UnaryCall(stream, headers, this.context, deadlineAtMs, method.handler);
      this.observer?.callStarted(call);
      return call;
    }
    const call = new StreamCall(stream, headers, this.context, deadlineAtMs);
    this.observer?.callStarted(call);
    call.listener = method.open(call);
    return call;
  }

  private unknownMethod(path: string): GrpcStatus {
    const code = STATUS.unimplemented;
    const slash = path.lastIndexOf('/');
    if (!path.startsWith('/') || slash === 0) return { code, text: `malformed method name: "${path}"` };
    const service = serviceOf(path);
    if (!this.services.has(service)) return { code, text: `unknown service ${service}` };
    return { code, text: `unknown method ${path.slice(slash + 1)} for service ${service}` };
  }
}

function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf('/'));
}

/** `application/grpc`, with a subtype (`+proto`) or parameters (`;…`). */
function isGrpcType(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc([+;]|$)/.test(contentType);
}

function refuse(stream: Http2Stream, status: GrpcStatus): StreamHandler {
  stream.sendHeadersAndEnd(trailersOnly(status));
  return ANSWERED;
}

function refuseHttp(stream: Http2Stream, httpStatus: number, status: GrpcStatus): StreamHandler {
  stream.sendHeadersAndEnd(httpError(httpStatus, status));
  return ANSWERED;
}

function nothing(): void {
  // The answer is given; what still comes changes nothing.
}
