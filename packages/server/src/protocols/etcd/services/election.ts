/**
 * v3electionpb.Election: Campaign, Proclaim, Leader, Resign. A candidate's key under the election's name holds what it
 * proclaims; the oldest key leads. Observe is in its own file.
 */
import { key, type LeaseId, type Revision, type TransactionResult } from '@synod/coordination';
import { STATUS } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { writeKeyValue } from '../messages/key-value.ts';
import {
  campaignRequest,
  campaignResponse,
  LEADER_RECORD,
  leaderRequest,
  proclaimRequest,
  resignRequest,
} from '../messages/lock-election.ts';
import { onBehalf } from '../on-behalf.ts';
import { proposalTooLarge } from '../request-checks.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { before, DeletionWait } from './deletion-wait.ts';
import { openObserve } from './election-observe.ts';
import type { LeaderRequirement } from './leader-requirement.ts';
import {
  askRange,
  deleteOwner,
  failUnknown,
  ifCreatedAt,
  keyQuery,
  type Outcome,
  ownerKey,
  ownerQuery,
  putOwner,
  rangeOperation,
  submitTransaction,
  withLease,
} from './ownership.ts';

export function electionHandlers(
  face: MemberFace,
  leaders: LeaderRequirement,
): readonly (readonly [string, ServedMethod])[] {
  return [
    [
      '/v3electionpb.Election/Campaign',
      { kind: 'unary', handler: (call, caller) => campaign(onBehalf(face, caller), call) },
    ],
    [
      '/v3electionpb.Election/Proclaim',
      { kind: 'unary', handler: (call, caller) => proclaim(onBehalf(face, caller), call) },
    ],
    [
      '/v3electionpb.Election/Leader',
      { kind: 'unary', handler: (call, caller) => leader(onBehalf(face, caller), call) },
    ],
    [
      '/v3electionpb.Election/Observe',
      { kind: 'stream', open: (call, identity) => openObserve(onBehalf(face, identity), leaders, call) },
    ],
    [
      '/v3electionpb.Election/Resign',
      { kind: 'unary', handler: (call, caller) => resign(onBehalf(face, caller), call) },
    ],
  ];
}

const NOT_LEADER = 'election: not leader';
const NO_LEADER = 'election: no leader';
const LEADER_NOT_GIVEN = '"leader" field must be provided';

function campaign(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, campaignRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const error = proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) {
    failUnknown(call, error);
    return;
  }
  new Campaign(face, call, request.name, request.value).begin(request.lease);
}

class Campaign {
  private readonly face: MemberFace;
  private readonly call: UnaryCall;
  private readonly name: string;
  private readonly value: string;
  private wait: DeletionWait | undefined;
  /** The client let go of the call. Monotonic. */
  private cancelled = false;
  private lease!: LeaseId;
  /** The create revision of the candidate's key; 0 until it is known. */
  private createRevision = 0 as Revision;

  constructor(face: MemberFace, call: UnaryCall, name: string, value: string) {
    this.face = face;
    this.call = call;
    this.name = name;
    this.value = value;
  }

  begin(given: LeaseId): void {
    this.call.onCancel = () => {
      this.cancelled = true;
      this.wait?.cancel();
      if (this.createRevision > 0) this.withdraw();
    };
    withLease(this.face, given, (lease) => {
      if (typeof lease !== 'string') failUnknown(this.call, lease);
      else if (!this.cancelled) {
        this.lease = lease;
        this.enqueue();
      }
    });
  }

  private get ownKey() {
    return ownerKey(this.name, this.lease);
  }

  private enqueue(): void {
    const { ownKey } = this;
    const value = Buffer.from(this.value, 'latin1');
    const command = ifCreatedAt(
      ownKey,
      0,
      [putOwner(ownKey, value, this.lease)],
      [rangeOperation(keyQuery(ownKey))],
    );
    submitTransaction(this.face, command, (result) => this.enqueued(result));
  }

  private enqueued(result: Outcome<TransactionResult>): void {
    if (result.kind !== 'transaction') {
      failUnknown(this.call, result);
      return;
    }
    if (result.succeeded) {
      this.createRevision = result.revision;
      if (this.cancelled) this.withdraw();
      else this.waitForOthers(result.revision);
      return;
    }
    if (this.cancelled) return;
    const [found] = result.results;
    const record = found?.kind === 'range' ? found.records[0] : undefined;
    if (record === undefined) throw new Error('a key that is there has no record');
    this.createRevision = record.createRevision;
    if (Buffer.from(record.value).toString('latin1') === this.value) this.waitForOthers(result.revision);
    else this.proclaimAnew(result.revision);
  }

  /** The same lease campaigned before with another value: the new one counts. */
  private proclaimAnew(enqueuedAt: Revision): void {
    const value = Buffer.from(this.value, 'latin1');
    const command = ifCreatedAt(this.ownKey, this.createRevision, [putOwner(this.ownKey, value, this.lease)]);
    submitTransaction(this.face, command, (result) => {
      if (this.cancelled) return;
      if (result.kind === 'transaction' && result.succeeded) this.waitForOthers(enqueuedAt);
      else if (result.kind === 'transaction') this.call.fail(STATUS.unknown, NOT_LEADER);
      else this.withdraw(() => failUnknown(this.call, result));
    });
  }

  private waitForOthers(enqueuedAt: Revision): void {
    const predecessors = { name: this.name, maxCreateRevision: before(this.createRevision) };
    this.wait = new DeletionWait(this.face, predecessors, (failure) => {
      if (failure === undefined) this.respond(enqueuedAt);
      else failUnknown(this.call, failure);
    });
    this.wait.look();
  }

  /** Whether it comes about is not looked at: where it fails, the key ends with its lease. */
  private withdraw(done: () => void = () => {}): void {
    const command = ifCreatedAt(this.ownKey, this.createRevision, [deleteOwner(this.ownKey)]);
    submitTransaction(this.face, command, done);
  }

  private respond(enqueuedAt: Revision): void {
    this.face.writeHeader(enqueuedAt);
    campaignResponse.encode(this.face.writer, {
      leader: { name: this.name, key: this.ownKey, rev: this.createRevision, lease: this.lease },
    });
    this.call.respond(this.face.writer.finish());
  }
}

function proclaim(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, proclaimRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const { leader: claimed } = request;
  if (claimed === undefined) {
    call.fail(STATUS.unknown, LEADER_NOT_GIVEN);
    return;
  }
  const error =
    claimed.key === '' ? 'emptyKey' : proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) {
    failUnknown(call, error);
    return;
  }
  withLease(face, claimed.lease, (lease) => {
    if (typeof lease !== 'string') {
      failUnknown(call, lease);
      return;
    }
    const value = Buffer.from(request.value, 'latin1');
    const command = ifCreatedAt(key(claimed.key), claimed.rev, [putOwner(key(claimed.key), value, lease)]);
    submitTransaction(face, command, (result) => {
      if (result.kind !== 'transaction') failUnknown(call, result);
      else if (!result.succeeded) call.fail(STATUS.unknown, NOT_LEADER);
      else respondWithHeader(face, call, result.revision);
    });
  });
}

/** To resign from what one does not lead is no error. */
function resign(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, resignRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const { leader: claimed } = request;
  if (claimed === undefined) {
    call.fail(STATUS.unknown, LEADER_NOT_GIVEN);
    return;
  }
  const error =
    claimed.key === '' ? 'emptyKey' : proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) {
    failUnknown(call, error);
    return;
  }
  const command = ifCreatedAt(key(claimed.key), claimed.rev, [deleteOwner(key(claimed.key))]);
  submitTransaction(face, command, (result) => {
    if (result.kind !== 'transaction') failUnknown(call, result);
    else respondWithHeader(face, call, result.revision);
  });
}

function respondWithHeader(face: MemberFace, call: UnaryCall, revision: Revision): void {
  face.writeHeader(revision);
  call.respond(face.writer.finish());
}

function leader(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, leaderRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  askRange(face, ownerQuery(request.name), (result) => {
    if (result.kind !== 'range') {
      failUnknown(call, result);
      return;
    }
    const [record] = result.records;
    if (record === undefined) {
      call.fail(STATUS.unknown, NO_LEADER);
      return;
    }
    face.writeHeader(result.revision);
    writeKeyValue(face.writer, LEADER_RECORD, record);
    call.respond(face.writer.finish());
  });
}
