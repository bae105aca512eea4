/** etcdserverpb.Lease: grant, revoke, time-to-live, leases. The keep-alive stream is in its own file. */
import { type Caller, type Failure, NO_LEASE } from '@synod/coordination';
import type { LeaseList, LeaseTimeToLive, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { MemberFace } from '../member-face.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseLeasesResponse,
  leaseRevokeRequest,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from '../messages/rare-messages.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import type { LeaderRequirement } from './leader-requirement.ts';
import { grantLease } from './lease-grant.ts';
import { openKeepAlive } from './lease-keep-alive.ts';

export function leaseHandlers(
  face: MemberFace,
  leaders: LeaderRequirement,
): readonly (readonly [string, ServedMethod])[] {
  return [
    [
      '/etcdserverpb.Lease/LeaseGrant',
      { kind: 'unary', handler: (call, caller) => grant(face, call, caller) },
    ],
    [
      '/etcdserverpb.Lease/LeaseRevoke',
      { kind: 'unary', handler: (call, caller) => revoke(face, call, caller) },
    ],
    [
      '/etcdserverpb.Lease/LeaseTimeToLive',
      { kind: 'unary', handler: (call, caller) => timeToLive(face, call, caller) },
    ],
    [
      '/etcdserverpb.Lease/LeaseLeases',
      { kind: 'unary', handler: (call, caller) => leases(face, call, caller) },
    ],
    [
      '/etcdserverpb.Lease/LeaseKeepAlive',
      { kind: 'stream', open: (call, identity) => openKeepAlive(face, leaders, call, identity) },
    ],
  ];
}

function grant(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, leaseGrantRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const ttlSeconds = Math.max(request.TTL, shortestTtlSeconds(face.options.electionTimeoutMs));
  grantLease(face, { ttlSeconds, asked: request.ID, caller }, (result) => {
    if (result.kind !== 'leaseGranted') {
      face.failWith(call, result);
      return;
    }
    face.writeHeader(result.revision);
    leaseGrantResponse.encode(face.writer, { ID: result.id, TTL: result.ttlSeconds, error: '' });
    call.respond(face.writer.finish());
  });
}

/** A lease must outlive an election: one and a half of them, as etcd has it, in whole seconds. */
function shortestTtlSeconds(electionTimeoutMs: number): number {
  return Math.ceil((1.5 * electionTimeoutMs) / 1000);
}

function revoke(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, leaseRevokeRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  // There is never a lease 0, and the log need not be asked.
  if (request.ID === NO_LEASE) {
    face.fail(call, 'leaseNotFound');
    return;
  }
  face.service.submit(
    { module: 'leases', kind: 'revoke', id: request.ID, cause: 'asked' },
    {
      complete(result) {
        if (result.kind === 'leaseRevoked') {
          face.writeHeader(result.revision);
          call.respond(face.writer.finish());
        } else if (result.kind === 'failure' || result.kind === 'serviceFailure') face.failWith(call, result);
        else throw new Error(`a lease revocation came to a ${result.kind}`);
      },
    },
    caller,
  );
}

/** A lease that is not there has a TTL of −1; it is no error. */
const NO_SUCH_LEASE_TTL = -1;

function timeToLive(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, leaseTimeToLiveRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const respond = (ttl: number, grantedTTL: number, keys: readonly string[]): void => {
    face.writeHeader(face.service.revision);
    leaseTimeToLiveResponse.encode(face.writer, { ID: request.ID, TTL: ttl, grantedTTL, keys });
    call.respond(face.writer.finish());
  };
  face.service.timeToLive(
    request.ID,
    request.keys,
    {
      complete(result: LeaseTimeToLive | Failure | ServiceFailure) {
        if (result.kind === 'leaseTimeToLive')
          respond(result.remainingSeconds, result.grantedSeconds, result.keys);
        else if (result.kind === 'failure' && result.reason.code === 'leaseNotFound')
          respond(NO_SUCH_LEASE_TTL, 0, []);
        else face.failWith(call, result);
      },
    },
    caller,
  );
}

function leases(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  if (!face.isMessage(call) || face.refuses(call, false)) return;
  face.service.leases(
    {
      complete(result: LeaseList | Failure | ServiceFailure) {
        if (result.kind !== 'leaseList') {
          face.failWith(call, result);
          return;
        }
        face.writeHeader(face.service.revision);
        leaseLeasesResponse.encode(face.writer, { leases: result.ids.map((ID) => ({ ID })) });
        call.respond(face.writer.finish());
      },
    },
    caller,
  );
}
