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

export class CallMetrics {
  /** By path. */
  private readonly started = new Counts(callLabels);
  /** By path, then by code. */
  private readonly ended = new Map<string, number[]>();
  private readonly unaryVersions = new Counts((version) => ({ type: 'unary', client_api_version: version }));
  private readonly streamVersions = new Counts((version) => ({
    type: 'stream',
    client_api_version: version,
  }));
  private readonly notReceived = new Counts((api) => ({ Type: 'receive', API: api }));

  constructor(families: MetricFamilies) {
    families.counters(
      'grpc_server_started_total',
      'Calls that began, by method.',
      ['grpc_type', 'grpc_service', 'grpc_method'],
      () => this.started,
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
      () => [...this.unaryVersions, ...this.streamVersions],
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
    this.started.add(path);
    const versions = STREAM_TYPES.has(path) ? this.streamVersions : this.unaryVersions;
    versions.add(clientVersion === undefined ? UNKNOWN_VERSION : this.bounded(versions, clientVersion));
  }

  callEnded(path: string, code: number): void {
    let codes = this.ended.get(path);
    if (codes === undefined) {
      codes = [];
      this.ended.set(path, codes);
    }
    codes[code] = (codes[code] ?? 0) + 1;
    if (!NOT_RECEIVED.has(code)) return;
    const api = COUNTED_STREAMS.get(path);
    if (api !== undefined) this.notReceived.add(api);
  }

  private bounded(versions: Counts, said: string): string {
    const version = said.length > CLIENT_VERSION_LENGTH_MAX ? said.slice(0, CLIENT_VERSION_LENGTH_MAX) : said;
    return versions.has(version) || versions.keyCount < CLIENT_VERSIONS_MAX ? version : OTHER_VERSIONS;
  }

  private *handled(): Generator<readonly [Labels, number]> {
    for (const [path, codes] of this.ended)
      for (const [code, count] of codes.entries())
        if (count !== undefined)
          yield [{ ...callLabels(path), grpc_code: CODE_NAMES[code] ?? `${code}` }, count];
  }
}

function callLabels(path: string): Labels {
  const [, service = '', method = ''] = path.split('/');
  return { grpc_type: STREAM_TYPES.get(path) ?? 'unary', grpc_service: service, grpc_method: method };
}
