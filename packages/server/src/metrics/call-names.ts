/** Calls, their types and their statuses in the words of gRPC's own metrics. */
import type { Labels } from './distribution.ts';

/** The types of calls that are not unary. */
const STREAM_TYPES: ReadonlyMap<string, string> = new Map([
  ['/etcdserverpb.KV/RangeStream', 'server_stream'],
  ['/etcdserverpb.Watch/Watch', 'bidi_stream'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'bidi_stream'],
  ['/etcdserverpb.Maintenance/Snapshot', 'server_stream'],
  ['/v3electionpb.Election/Observe', 'server_stream'],
  ['/grpc.health.v1.Health/Watch', 'server_stream'],
]);

/** gRPC's names of its status codes, by number. */
export const CODE_NAMES: readonly string[] = [
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

/** `path`: `/package.Service/Method`. */
export function isStream(path: string): boolean {
  return STREAM_TYPES.has(path);
}

/** What a method's samples are told apart by. */
export function callLabels(path: string): Labels {
  const [, service = '', method = ''] = path.split('/');
  return { grpc_type: STREAM_TYPES.get(path) ?? 'unary', grpc_service: service, grpc_method: method };
}
