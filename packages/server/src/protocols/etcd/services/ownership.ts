/**
 * What locks and elections share: the keys that stand for owners and those who wait (one a lease, under the name as a prefix;
 * the oldest owns), and the words of failures. Knows no call of either.
 */
import {
  type CommandResult,
  type Failure,
  type Key,
  type KeySpan,
  key,
  type LeaseId,
  NO_LEASE,
  type RangeQuery,
  type RangeResult,
  type TransactionCommand,
  type TransactionOperation,
  type TransactionResult,
} from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../../grpc/status.ts';
import { ETCD_ERRORS, type EtcdErrorCode, wireErrorOf } from '../error-table.ts';
import { SESSION_TTL_SECONDS } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import type { FailingCall } from '../rpc.ts';
import { grantLease } from './lease-grant.ts';

/** All keys of one lock or election. */
export function ownersOf(name: string): KeySpan {
  // '0' is the byte behind '/'.
  return { from: key(`${name}/`), to: key(`${name}0`) };
}

/** The lease's number in hex as Go prints it: a negative one with a sign. */
export function ownerKey(name: string, lease: LeaseId): Key {
  const signed = BigInt.asIntN(64, BigInt(`0x${lease}`));
  return key(`${name}/${signed.toString(16)}`);
}

const EVERYTHING: Omit<RangeQuery, 'span'> = {
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

export function keyQuery(of: Key): RangeQuery {
  return { ...EVERYTHING, span: { from: of, to: undefined } };
}

/** The owner: whose key is the oldest. */
export function ownerQuery(name: string): RangeQuery {
  return {
    ...EVERYTHING,
    span: ownersOf(name),
    limit: 1,
    sort: { target: 'createRevision', order: 'ascending' },
  };
}

/** The youngest of the keys that were there at a revision: the last one to wait for. */
export function predecessorQuery(name: string, maxCreateRevision: number): RangeQuery {
  return {
    ...EVERYTHING,
    span: ownersOf(name),
    limit: 1,
    maxCreateRevision,
    sort: { target: 'createRevision', order: 'descending' },
  };
}

/** If the key was created at this revision (0: is not there), the first list, else the second. */
export function ifCreatedAt(
  ownKey: Key,
  createRevision: number,
  success: readonly TransactionOperation[],
  failure: readonly TransactionOperation[] = [],
): TransactionCommand {
  return {
    module: 'keyspace',
    kind: 'transaction',
    compares: [
      {
        span: { from: ownKey, to: undefined },
        result: 'equal',
        target: 'createRevision',
        number: Math.max(0, createRevision),
      },
    ],
    success,
    failure,
  };
}

export function putOwner(ownKey: Key, value: Uint8Array, lease: LeaseId): TransactionOperation {
  return {
    module: 'keyspace',
    kind: 'put',
    key: ownKey,
    value,
    lease,
    previous: false,
    keepValue: false,
    keepLease: false,
  };
}

export function rangeOperation(query: RangeQuery): TransactionOperation {
  return { module: 'keyspace', kind: 'range', query };
}

export function deleteOwner(ownKey: Key): TransactionOperation {
  return { module: 'keyspace', kind: 'deleteRange', span: { from: ownKey, to: undefined }, previous: false };
}

/** What comes of a question: what was wanted, or why not. */
export type Outcome<Wanted> = Wanted | Failure | ServiceFailure;

/**
 * The three ways to ask the service. The answer is told a little later, because it comes in the middle of an apply, and what
 * is done with it here is mostly to ask again.
 */
export function submitTransaction(
  face: MemberFace,
  command: TransactionCommand,
  done: (result: Outcome<TransactionResult>) => void,
): void {
  face.service.submit(command, {
    complete(result: CommandResult | ServiceFailure) {
      if (result.kind === 'transaction' || result.kind === 'failure' || result.kind === 'serviceFailure')
        queueMicrotask(() => done(result));
      else throw new Error(`a transaction came to a ${result.kind}`);
    },
  });
}

export function askRange(
  face: MemberFace,
  query: RangeQuery,
  done: (result: Outcome<RangeResult>) => void,
): void {
  face.service.range(query, true, {
    complete(result: Outcome<RangeResult>) {
      queueMicrotask(() => done(result));
    },
  });
}

/** A lease of one's own where the client gave none: it lives for a minute unless the client renews it. */
export function withLease(face: MemberFace, given: LeaseId, done: (lease: Outcome<LeaseId>) => void): void {
  if (given !== NO_LEASE) {
    done(given);
    return;
  }
  grantLease(face, { ttlSeconds: SESSION_TTL_SECONDS, asked: NO_LEASE }, (result) =>
    queueMicrotask(() => done(result.kind === 'leaseGranted' ? result.id : result)),
  );
}

/**
 * In etcd these services are clients of the member they run in, and on the way back an error loses its code: the text
 * stays, the code is UNKNOWN.
 */
export function failUnknown(call: FailingCall, failure: Failure | ServiceFailure | EtcdErrorCode): void {
  const { text } = typeof failure === 'string' ? ETCD_ERRORS[failure] : wireErrorOf(failure);
  call.fail(STATUS.unknown, text);
}
