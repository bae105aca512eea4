/**
 * etcdserverpb.Maintenance: Status, MoveLeader, Defragment and hashes to compare members by. Alarm, Downgrade
 * and Snapshot are in files of their own.
 */

import type { Failure } from '@synod/coordination';
import { revision as toRevision } from '@synod/coordination';
import type {
  Defragmented,
  DefragmentFailed,
  KeyspaceHashed,
  LeaderMoved,
  ServiceFailure,
  StateHashed,
} from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../../grpc/status.ts';
import { alarmText } from '../alarm-words.ts';
import type { MemberFace } from '../member-face.ts';
import {
  hashKvRequest,
  hashKvResponse,
  hashResponse,
  moveLeaderRequest,
  statusResponse,
} from '../messages/rare-messages.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { alarm } from './alarm.ts';
import { downgrade, NO_DOWNGRADE } from './downgrade.ts';
import { openSnapshot } from './snapshot.ts';

export function maintenanceHandlers(face: MemberFace): readonly (readonly [string, ServedMethod])[] {
  return [
    ['/etcdserverpb.Maintenance/Status', { kind: 'unary', handler: (call) => status(face, call) }],
    ['/etcdserverpb.Maintenance/MoveLeader', { kind: 'unary', handler: (call) => moveLeader(face, call) }],
    ['/etcdserverpb.Maintenance/HashKV', { kind: 'unary', handler: (call) => hashKv(face, call) }],
    ['/etcdserverpb.Maintenance/Defragment', { kind: 'unary', handler: (call) => defragment(face, call) }],
    ['/etcdserverpb.Maintenance/Downgrade', { kind: 'unary', handler: (call) => downgrade(face, call) }],
    ['/etcdserverpb.Maintenance/Snapshot', { kind: 'stream', open: (call) => openSnapshot(face, call) }],
    ['/etcdserverpb.Maintenance/Hash', { kind: 'unary', handler: (call) => hash(face, call) }],
    [
      '/etcdserverpb.Maintenance/Alarm',
      { kind: 'unary', handler: (call, caller) => alarm(face, call, caller) },
    ],
  ];
}

const NO_LEADER_ID = '0000000000000000';

/** Answered by learners too, and without a leader: it is how one finds out. */
function status(face: MemberFace, call: UnaryCall): void {
  if (!face.isMessage(call) || face.refuses(call, true)) return;
  const { service, options, writer } = face;
  const facts = service.status();
  const errors = [
    ...(facts.leader === undefined ? [NO_LEADER_TEXT] : []),
    ...service.activeAlarms().map(alarmText),
    ...facts.errors,
  ];
  face.writeHeader(service.revision);
  statusResponse.encode(writer, {
    version: options.serverVersion,
    dbSize: facts.storeBytes,
    leader: facts.leader ?? NO_LEADER_ID,
    raftIndex: facts.commitIndex,
    raftTerm: facts.term,
    raftAppliedIndex: facts.appliedIndex,
    errors,
    dbSizeInUse: facts.storeBytesUsed,
    isLearner: facts.isLearner,
    storageVersion: face.storageVersion,
    dbSizeQuota: facts.storeBytesMax,
    downgradeInfo: NO_DOWNGRADE,
  });
  call.respond(writer.finish());
}

/** As etcd has it among the errors of a member that knows no leader. */
const NO_LEADER_TEXT = 'etcdserver: no leader';

function moveLeader(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, moveLeaderRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  face.service.moveLeader(request.targetID, {
    complete(result: LeaderMoved | ServiceFailure) {
      if (result.kind === 'serviceFailure') {
        face.failWith(call, result);
        return;
      }
      face.writeHeader(face.service.revision);
      call.respond(face.writer.finish());
    },
  });
}

/** Answered when the space is back. */
function defragment(face: MemberFace, call: UnaryCall): void {
  if (!face.isMessage(call) || face.refuses(call, true)) return;
  face.service.defragment({
    complete(result: Defragmented | DefragmentFailed) {
      if (result.kind === 'defragmentFailed') {
        call.fail(STATUS.unknown, `etcdserver: the store could not be defragmented: ${result.detail}`);
        return;
      }
      face.writeHeader(face.service.revision);
      call.respond(face.writer.finish());
    },
  });
}

/** Of one revision, and so to be compared between members. The number itself is not etcd's: its rows are others. */
function hashKv(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, hashKvRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  face.service.hashKeyspace(toRevision(Math.max(request.revision, 0)), {
    complete(result: KeyspaceHashed | Failure | ServiceFailure) {
      if (result.kind !== 'keyspaceHashed') {
        face.failWith(call, result);
        return;
      }
      face.writeHeader(result.revision);
      const { sum, compactedTo, hashRevision } = result;
      const answer = { hash: sum, compact_revision: compactedTo, hash_revision: hashRevision };
      hashKvResponse.encode(face.writer, answer);
      call.respond(face.writer.finish());
    },
  });
}

function hash(face: MemberFace, call: UnaryCall): void {
  if (!face.isMessage(call) || face.refuses(call, false)) return;
  face.service.hashState({
    complete(result: StateHashed | ServiceFailure) {
      if (result.kind === 'serviceFailure') {
        face.failWith(call, result);
        return;
      }
      face.writeHeader(result.revision);
      hashResponse.encode(face.writer, { hash: result.sum });
      call.respond(face.writer.finish());
    },
  });
}
