/** Calls of clients: by method and status, and by the version of the client. */
import { CODE_NAMES, callLabels, isStream } from './call-names.ts';
import type { CallTimes, TimedCall } from './call-times.ts';
import { Counts, type Labels } from './distribution.ts';
import type { MetricFamilies } from './families.ts';
import { CLIENT_VERSION_LENGTH_MAX, CLIENT_VERSIONS_MAX } from './limits.ts';

/** The streams whose failures etcd counts, by its names. */
const COUNTED_STREAMS: ReadonlyMap<string, string> = new Map([
  ['/etcdserverpb.Watch/Watch', 'watch'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'lease-keepalive'],
]);

/** With these a stream ends whose client said what cannot be read, or too much: ResourceExhausted, Unimplemented, Internal. */
const NOT_RECEIVED: ReadonlySet<number> = new Set([8, 12, 13]);

/** A client that does not say which version it is. */
const UNKNOWN_VERSION = 'unknown';
const OTHER_VERSIONS = 'other';

/** One method's calls. */
class MethodTally {
  readonly labels: Labels;
  readonly isStream: boolean;
  /** By the name that etcd has for the stream; undefined: its failures are not counted. */
  readonly api: string | undefined;
  started = 0;
  /** By code. */
  readonly ended: number[] = [];

  constructor(path: string) {
    this.labels = callLabels(path);
    this.isStream = isStream(path);
    this.api = COUNTED_STREAMS.get(path);
  }
}

/** Calls by the version that their client says it is: so many versions, and no more. */
class VersionTally {
  private readonly counts = new Map<string, { count: number }>();
  /** What was said last: clients of one version come in a row. */
  private said: string | undefined = UNKNOWN_VERSION;
  private current = this.countOf(UNKNOWN_VERSION);

  add(said: string | undefined): void {
    if (said !== this.said) {
      this.said = said;
      this.current = this.countOf(said ?? UNKNOWN_VERSION);
    }
    this.current.count++;
  }

  *[Symbol.iterator](): Generator<readonly [version: string, count: number]> {
    for (const [version, { count }] of this.counts) if (count > 0) yield [version, count];
  }

  private countOf(said: string): { count: number } {
    const version = said.length > CLIENT_VERSION_LENGTH_MAX ? said.slice(0, CLIENT_VERSION_LENGTH_MAX) : said;
    const known = this.counts.get(version);
    if (known !== undefined) return known;
    if (this.counts.size > CLIENT_VERSIONS_MAX && version !== OTHER_VERSIONS)
      return this.countOf(OTHER_VERSIONS);
    const fresh = { count: 0 };
    this.counts.set(version, fresh);
    return fresh;
  }
}

export class CallMetrics {
  private readonly times: CallTimes | undefined;
  private readonly methods = new Map<string, MethodTally>();
  private readonly unaryVersions = new VersionTally();
  private readonly streamVersions = new VersionTally();
  private readonly notReceived = new Counts((api) => ({ Type: 'receive', API: api }));

  /** `times`: undefined where nobody asked how long calls take. */
  constructor(families: MetricFamilies, times: CallTimes | undefined) {
    this.times = times;
    families.counters(
      'grpc_server_started_total',
      'Calls that began, by method.',
      ['grpc_type', 'grpc_service', 'grpc_method'],
      () => [...this.methods.values()].map(({ labels, started }) => [labels, started] as const),
    );
    families.counters(
      'grpc_server_handled_total',
      'Calls that ended, by method and status.',
      ['grpc_type', 'grpc_service', 'grpc_method', 'grpc_code'],
      () => this.handled(),
    );
    families.counters(
      'etcd_server_client_requests_total',
      'Calls, by the version that the client says it is.',
      ['type', 'client_api_version'],
      () => this.versions(),
    );
    families.counters(
      'etcd_network_server_stream_failures_total',
      'Streams that ended because a message of the client was not good.',
      ['Type', 'API'],
      () => this.notReceived,
    );
  }

  /** `clientVersion`: the call's `client-api-version`. */
  callStarted(call: TimedCall, clientVersion: string | undefined): void {
    this.times?.began(call);
    const method = this.methodAt(call.path);
    method.started++;
    (method.isStream ? this.streamVersions : this.unaryVersions).add(clientVersion);
  }

  callEnded(call: TimedCall, code: number): void {
    this.times?.ended(call);
    const { ended, api } = this.methodAt(call.path);
    ended[code] = (ended[code] ?? 0) + 1;
    if (api !== undefined && NOT_RECEIVED.has(code)) this.notReceived.add(api);
  }

  private methodAt(path: string): MethodTally {
    let method = this.methods.get(path);
    if (method === undefined) {
      method = new MethodTally(path);
      this.methods.set(path, method);
    }
    return method;
  }

  private *handled(): Generator<readonly [Labels, number]> {
    for (const { labels, ended } of this.methods.values())
      for (const [code, count] of ended.entries())
        if (count !== undefined) yield [{ ...labels, grpc_code: CODE_NAMES[code] ?? `${code}` }, count];
  }

  private *versions(): Generator<readonly [Labels, number]> {
    for (const [version, count] of this.unaryVersions)
      yield [{ type: 'unary', client_api_version: version }, count];
    for (const [version, count] of this.streamVersions)
      yield [{ type: 'stream', client_api_version: version }, count];
  }
}
