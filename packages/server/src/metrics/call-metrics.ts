/** Calls of clients: by method and status, and by the version of the client. */
import { Counts, type Labels } from './distribution.ts';
import type { MetricFamilies } from './families.ts';
import { CLIENT_VERSION_LENGTH_MAX, CLIENT_VERSIONS_MAX } from './limits.ts';

/** Calls that are not unary, in the words of gRPC's own metrics. */
const STREAM_TYPES: ReadonlyMap<string, string> = new Map([
  ['/etcdserverpb.KV/RangeStream', 'server_stream'],
  ['/etcdserverpb.Watch/Watch', 'bidi_stream'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'bidi_stream'],
  ['/etcdserverpb.Maintenance/Snapshot', 'server_stream'],
  ['/v3electionpb.Election/Observe', 'server_stream'],
  ['/grpc.health.v1.Health/Watch', 'server_stream'],
]);

/** The streams whose failures etcd counts, by its names. */
const COUNTED_STREAMS: ReadonlyMap<string, string> = new Map([
  ['/etcdserverpb.Watch/Watch', 'watch'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'lease-keepalive'],
]);

/** gRPC's names of its status codes, by number. */
const CODE_NAMES: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

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
    this.isStream = STREAM_TYPES.has(path);
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
  private readonly methods = new Map<string, MethodTally>();
  private readonly unaryVersions = new VersionTally();
  private readonly streamVersions = new VersionTally();
  private readonly notReceived = new Counts((api) => ({ Type: 'receive', API: api }));

  constructor(families: MetricFamilies) {
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
  callStarted(path: string, clientVersion: string | undefined): void {
    const method = this.methodAt(path);
    method.started++;
    (method.isStream ? this.streamVersions : this.unaryVersions).add(clientVersion);
  }

  callEnded(path: string, code: number): void {
    const { ended, api } = this.methodAt(path);
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

function callLabels(path: string): Labels {
  const [, service = '', method = ''] = path.split('/');
  return { grpc_type: STREAM_TYPES.get(path) ?? 'unary', grpc_service: service, grpc_method: method };
}
