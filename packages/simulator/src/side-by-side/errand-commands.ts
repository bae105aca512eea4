/** An errand's words as commands and queries of the state machine. */
import { latin1Encode, unreachable } from '@synod/consensus';
import {
  type Comparison,
  type KeySpan,
  type LeaseId,
  NO_LEASE,
  type PutCommand,
  type RangeQuery,
  type TransactionOperation,
} from '@synod/coordination';
import {
  type ErrandChange,
  type ErrandCondition,
  type ErrandStep,
  type OwnKey,
  ownKey,
  TALLY,
} from './errand.ts';

export function comparisonOf(client: number, condition: ErrandCondition): Comparison {
  const span: KeySpan = { from: ownKey(client, condition.key), to: undefined };
  switch (condition.target) {
    case 'version':
      return { span, result: 'equal', target: 'version', number: condition.number };
    case 'valueBefore':
      return { span, result: 'less', target: 'value', value: latin1Encode(condition.value) };
    case 'exists':
      return { span, result: 'greater', target: 'createRevision', number: 0 };
    default:
      return unreachable(condition);
  }
}

/** `leases`: the names of the client's leases, by number. */
export function operationOf(
  client: number,
  change: ErrandChange,
  leases: readonly LeaseId[],
): TransactionOperation {
  switch (change.kind) {
    case 'tally':
      return putOf(TALLY, 'one more', NO_LEASE);
    case 'delete': {
      const span = spanOf(client, change.key, change.to);
      return { module: 'keyspace', kind: 'deleteRange', span, previous: true };
    }
    case 'look':
      return {
        module: 'keyspace',
        kind: 'range',
        query: queryOf(spanOf(client, change.key, change.to)),
      };
    case 'put': {
      const { keepValue, keepLease } = change;
      const lease = change.lease === undefined ? NO_LEASE : leases[change.lease]!;
      const put = putOf(ownKey(client, change.key), change.value, lease);
      return { ...put, previous: true, keepValue, keepLease };
    }
    default:
      return unreachable(change);
  }
}

export function readOf(
  client: number,
  { key, to, limit, keysOnly }: Extract<ErrandStep, { kind: 'read' }>,
): RangeQuery {
  return { ...queryOf(spanOf(client, key, to)), limit, keysOnly };
}

export function putOf(key: PutCommand['key'], value: string, lease: LeaseId): PutCommand {
  return {
    module: 'keyspace',
    kind: 'put',
    key,
    value: latin1Encode(value),
    lease,
    previous: false,
    keepValue: false,
    keepLease: false,
  };
}

/** All of a span, now. */
export function queryOf(span: KeySpan): RangeQuery {
  return {
    span,
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
}

function spanOf(client: number, from: OwnKey, to: OwnKey): KeySpan {
  return { from: ownKey(client, from), to: ownKey(client, to) };
}
