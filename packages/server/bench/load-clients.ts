/**
 * Clients in a closed loop: each keeps exactly one request in flight and begins the next when it is answered. They share
 * a few connections that are spread over the members. Knows how to load and count; when is its caller's business.
 */
import {
  connectGrpc,
  type GrpcClient,
  type GrpcClientOptions,
  type UnaryCompletion,
} from '../src/grpc/client.ts';
import { type GrpcStatus, STATUS } from '../src/grpc/status.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { ERROR_BACKOFF_MS, ERROR_TEXTS_MAX } from './limits.ts';
import type { Endpoint } from './load-job.ts';

/** A Go server measures the link with a ping behind every answer: as many as there are answers. */
const AS_MANY_PINGS_AS_COME: GrpcClientOptions = {
  limits: { pingFrames: { burst: 1_000_000, perSecond: 1_000_000 } },
};

/** A connection that is replaced when it is lost. */
export class LoadConnection {
  private readonly endpoint: Endpoint;
  private client: GrpcClient;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.client = connectGrpc(endpoint, AS_MANY_PINGS_AS_COME);
  }

  unary(path: string, message: Uint8Array, completion: UnaryCompletion): void {
    if (!this.client.http2.connection.isOpen) this.client = connectGrpc(this.endpoint, AS_MANY_PINGS_AS_COME);
    this.client.unary(path, message, completion);
  }

  destroy(): void {
    this.client.destroy();
  }
}

export interface LoadPlan {
  readonly path: string;
  readonly clients: number;
  readonly connections: readonly LoadConnection[];
  /** A shorter answer is an error: it cannot hold the value that was asked for. */
  readonly answerBytesMin: number;
  /** The next request of a client, or none: it has no more to do. */
  readonly nextMessage: () => Uint8Array | undefined;
}

export class Load {
  private readonly plan: LoadPlan;
  private inFlight = 0;
  /** No client begins another request. Monotonic. */
  private stopping = false;
  /** Answers count only while it is set. */
  private counting = false;
  private finished: () => void = () => {};
  latencies = new LatencyHistogram();
  errors = 0;
  readonly errorTexts: string[] = [];

  constructor(plan: LoadPlan) {
    this.plan = plan;
  }

  /** Starts all clients; resolves when none has a request in flight any more. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.finished = resolve;
      const { clients, connections } = this.plan;
      this.inFlight = clients;
      for (let at = 0; at < clients; at++)
        new LoadClient(this, connections[at % connections.length]!).begin();
    });
  }

  beginCounting(): void {
    this.counting = true;
  }

  endCounting(): void {
    this.counting = false;
    this.stopping = true;
  }

  /** Undefined: the client is to end. */
  nextMessage(): Uint8Array | undefined {
    return this.stopping ? undefined : this.plan.nextMessage();
  }

  get answerBytesMin(): number {
    return this.plan.answerBytesMin;
  }

  get path(): string {
    return this.plan.path;
  }

  answered(microseconds: number): void {
    if (this.counting) this.latencies.record(microseconds);
  }

  failed(status: GrpcStatus): void {
    if (this.counting || !this.stopping) this.errors++;
    const text = `${status.code}: ${status.text}`;
    if (this.errorTexts.length < ERROR_TEXTS_MAX && !this.errorTexts.includes(text))
      this.errorTexts.push(text);
  }

  clientEnded(): void {
    this.inFlight--;
    if (this.inFlight === 0) this.finished();
  }
}

const WITHOUT_VALUE: GrpcStatus = { code: STATUS.internal, text: 'an answer without the value' };

class LoadClient implements UnaryCompletion {
  private readonly load: Load;
  private readonly connection: LoadConnection;
  private startedAtMs = 0;

  constructor(load: Load, connection: LoadConnection) {
    this.load = load;
    this.connection = connection;
  }

  begin(): void {
    const message = this.load.nextMessage();
    if (message === undefined) {
      this.load.clientEnded();
      return;
    }
    this.startedAtMs = performance.now();
    this.connection.unary(this.load.path, message, this);
  }

  complete(status: GrpcStatus, answer: Uint8Array | undefined): void {
    if (status.code === STATUS.ok && answer !== undefined && answer.length >= this.load.answerBytesMin) {
      this.load.answered((performance.now() - this.startedAtMs) * 1000);
      this.begin();
      return;
    }
    this.load.failed(status.code === STATUS.ok ? WITHOUT_VALUE : status);
    setTimeout(() => this.begin(), ERROR_BACKOFF_MS);
  }
}
