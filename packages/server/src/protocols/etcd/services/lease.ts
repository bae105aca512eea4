/** etcdserverpb.Lease: grant, revoke, time-to-live, leases. The keep-alive stream is in its own file. */
import { type Caller, type Failure, type LeaseId, NO_LEASE } from '@synod/coordination';
import type {
  KeyList,
  LeaseList,
  LeaseTimeToLive,
  ServiceFailure,
} from '@synod/coordination/service/service-api.ts';
import { LEASE_PIECE_ITEMS } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseLeasesResponse,
  leaseRevokeRequest,
  leaseTimeToLiveKeys,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from '../messages/rare-messages.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { answerInParts } from './answer-in-parts.ts';
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
  const respond = (TTL: number, grantedTTL: number, keys: KeyList): void => {
    const { service, writer } = face;
    const answer = { ID: request.ID, TTL, grantedTTL };
    if (keys.length > LEASE_PIECE_ITEMS) {
      answerInParts(face, call, service.revision, timeToLiveParts(writer, answer, keys));
      return;
    }
    face.writeHeader(service.revision);
    leaseTimeToLiveResponse.encode(writer, { ...answer, keys: [...keys] });
    call.respond(writer.finish());
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
        const { service, writer } = face;
        answerInParts(face, call, service.revision, leaseParts(writer, result.ids));
      },
    },
    caller,
  );
}

function* leaseParts(
  writer: ProtobufWriter,
  ids: readonly LeaseId[],
): Generator<void, readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < ids.length; from += LEASE_PIECE_ITEMS) {
    if (from > 0) yield;
    const leases = ids.slice(from, from + LEASE_PIECE_ITEMS).map((ID) => ({ ID }));
    leaseLeasesResponse.encode(writer, { leases });
    parts.push(writer.finish());
  }
  return parts;
}

function* timeToLiveParts(
  writer: ProtobufWriter,
  answer: { readonly ID: LeaseId; readonly TTL: number; readonly grantedTTL: number },
  keys: KeyList,
): Generator<void, readonly Uint8Array[]> {
  leaseTimeToLiveResponse.encode(writer, { ...answer, keys: [] });
  const parts: Uint8Array[] = [writer.finish()];
  let piece: string[] = [];
  for (const key of keys) {
    piece.push(key);
    if (piece.length < LEASE_PIECE_ITEMS) continue;
    leaseTimeToLiveKeys.encode(writer, { keys: piece });
    parts.push(writer.finish());
    piece = [];
    yield;
  }
  leaseTimeToLiveKeys.encode(writer, { keys: piece });
  parts.push(writer.finish());
  return parts;
}
