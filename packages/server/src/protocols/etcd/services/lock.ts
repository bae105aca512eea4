/**
 * v3lockpb.Lock: a key a lease under the lock's name, and the oldest key holds the lock. A call that waits takes its key away
 * when the client lets go of it.
 */
import type {
  Failure,
  Key,
  LeaseId,
  Revision,
  TransactionOperationResult,
  TransactionResult,
} from '@synod/coordination';
import { key } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { lockRequest, lockResponse, unlockRequest } from '../messages/lock-election.ts';
import { onBehalf } from '../on-behalf.ts';
import { proposalTooLarge } from '../request-checks.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { before, DeletionWait } from './deletion-wait.ts';
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

export function lockHandlers(face: MemberFace): readonly (readonly [string, ServedMethod])[] {
  return [
    ['/v3lockpb.Lock/Lock', { kind: 'unary', handler: (call, caller) => lock(onBehalf(face, caller), call) }],
    [
      '/v3lockpb.Lock/Unlock',
      { kind: 'unary', handler: (call, caller) => unlock(onBehalf(face, caller), call) },
    ],
  ];
}

function lock(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, lockRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const error = proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) {
    failUnknown(call, error);
    return;
  }
  new LockCall(face, call, request.name).begin(request.lease);
}

const NO_VALUE = new Uint8Array(0);
const SESSION_EXPIRED = 'mutex: session is expired';

class LockCall {
  private readonly face: MemberFace;
  private readonly call: UnaryCall;
  private readonly name: string;
  private wait: DeletionWait | undefined;
  /** The client let go of the call. Monotonic. */
  private cancelled = false;
  /** Set once a lease is known. */
  private ownKey: Key = key('');

  constructor(face: MemberFace, call: UnaryCall, name: string) {
    this.face = face;
    this.call = call;
    this.name = name;
  }

  begin(given: LeaseId): void {
    this.call.onCancel = () => {
      this.cancelled = true;
      if (this.wait === undefined) return;
      this.wait.cancel();
      this.removeKey();
    };
    withLease(this.face, given, (lease) => {
      if (typeof lease !== 'string') failUnknown(this.call, lease);
      else if (!this.cancelled) this.enqueue(lease);
    });
  }

  private enqueue(lease: LeaseId): void {
    this.ownKey = ownerKey(this.name, lease);
    const owner = rangeOperation(ownerQuery(this.name));
    const command = ifCreatedAt(
      this.ownKey,
      0,
      [putOwner(this.ownKey, NO_VALUE, lease), owner],
      [rangeOperation(keyQuery(this.ownKey)), owner],
    );
    submitTransaction(this.face, command, (result) => this.enqueued(result));
  }

  private enqueued(result: Outcome<TransactionResult>): void {
    if (result.kind !== 'transaction') {
      failUnknown(this.call, result);
      return;
    }
    if (this.cancelled) {
      // A key that was there before belongs to another call of the same lease.
      if (result.succeeded) this.removeKey();
      return;
    }
    const created = result.succeeded ? result.revision : createRevisionIn(result.results[0]);
    if (createRevisionIn(result.results[1]) === created) {
      this.respond(result.revision);
      return;
    }
    const predecessors = { name: this.name, maxCreateRevision: before(created) };
    this.wait = new DeletionWait(this.face, predecessors, (failure) => this.waited(failure));
    this.wait.look();
  }

  /** All older keys are gone; the lock is held if the own one is not, which ends with its lease. */
  private waited(failure: Failure | ServiceFailure | undefined): void {
    if (failure !== undefined) {
      this.failWaiting(failure);
      return;
    }
    askRange(this.face, keyQuery(this.ownKey), (result) => {
      if (this.cancelled) return;
      if (result.kind !== 'range') this.failWaiting(result);
      else if (result.records.length === 0) this.call.fail(STATUS.unknown, SESSION_EXPIRED);
      else this.respond(result.revision);
    });
  }

  private failWaiting(failure: Failure | ServiceFailure): void {
    this.removeKey();
    failUnknown(this.call, failure);
  }

  /** Nobody waits for its answer: where it fails, the key ends with its lease. */
  private removeKey(): void {
    this.face.service.submit(
      {
        module: 'keyspace',
        kind: 'deleteRange',
        span: { from: this.ownKey, to: undefined },
        previous: false,
      },
      { complete() {} },
    );
  }

  private respond(revision: Revision): void {
    this.face.writeHeader(revision);
    lockResponse.encode(this.face.writer, { key: this.ownKey });
    this.call.respond(this.face.writer.finish());
  }
}

function createRevisionIn(result: TransactionOperationResult | undefined): Revision {
  if (result?.kind !== 'range') throw new Error(`a range came to a ${result?.kind}`);
  const record = result.records[0];
  if (record === undefined) throw new Error('a lock has no key right after one was put');
  return record.createRevision;
}

function unlock(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, unlockRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const error =
    request.key === '' ? 'emptyKey' : proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) {
    failUnknown(call, error);
    return;
  }
  const command = {
    module: 'keyspace',
    kind: 'transaction',
    compares: [],
    success: [deleteOwner(key(request.key))],
    failure: [],
  } as const;
  submitTransaction(face, command, (result) => {
    if (result.kind !== 'transaction') {
      failUnknown(call, result);
      return;
    }
    face.writeHeader(result.revision);
    call.respond(face.writer.finish());
  });
}
