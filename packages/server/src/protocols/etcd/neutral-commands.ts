/**
 * From etcd's requests, already checked, to neutral commands and queries, defaults written out. After this no word of
 * the wire is left.
 */
import { unreachable } from '@synod/consensus';
import {
  ALL_AFTER,
  type Comparison,
  type ComparisonResult,
  type DeleteRangeCommand,
  type KeySpan,
  key,
  NO_LEASE,
  type PutCommand,
  type RangeQuery,
  type SortTarget,
  type TransactionCommand,
  type TransactionOperation,
} from '@synod/coordination';
import type { DeleteRangeRequest } from './messages/delete-range.ts';
import type { PutRequest } from './messages/put.ts';
import type { RangeRequest } from './messages/range.ts';
import {
  COMPARE_VERSION,
  type CompareRequest,
  type OperationRequest,
  type TransactionRequest,
} from './messages/transaction.ts';

/** range_end: nothing for the one key, "\0" for all from it on, otherwise the first key not meant. */
export function spanOf(from: string, rangeEnd: string): KeySpan {
  if (rangeEnd === '') return { from: key(from), to: undefined };
  if (rangeEnd === '\0') return { from: key(from), to: ALL_AFTER };
  return { from: key(from), to: key(rangeEnd) };
}

const SORT_TARGETS: readonly SortTarget[] = ['key', 'version', 'createRevision', 'modRevision', 'value'];
const SORT_ASCENDING = 1;
const SORT_DESCENDING = 2;

export function rangeQueryOf(request: RangeRequest): RangeQuery {
  return {
    span: spanOf(request.key, request.rangeEnd),
    // Below 0 these mean what 0 does: no bound.
    revision: Math.max(0, request.revision),
    limit: Math.max(0, request.limit),
    sort: request.sortOrder === 0 && request.sortTarget === 0 ? undefined : sortOf(request),
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: Math.max(0, request.minModRevision),
    maxModRevision: request.maxModRevision < 0 ? BELOW_ALL : request.maxModRevision,
    minCreateRevision: Math.max(0, request.minCreateRevision),
    maxCreateRevision: request.maxCreateRevision < 0 ? BELOW_ALL : request.maxCreateRevision,
  };
}

/** A negative upper bound lets nothing through; neither does this, as the first change of all makes revision 2. */
const BELOW_ALL = 1;

/** Keys come ascending without a sort; any other target without an order is meant ascending. */
function sortOf(request: RangeRequest): RangeQuery['sort'] {
  if (request.sortTarget === 0 && request.sortOrder === SORT_ASCENDING) return undefined;
  return {
    target: SORT_TARGETS[request.sortTarget]!,
    order: request.sortOrder === SORT_DESCENDING ? 'descending' : 'ascending',
  };
}

export function putCommandOf(request: PutRequest): PutCommand {
  return {
    module: 'keyspace',
    kind: 'put',
    key: key(request.key),
    value: request.value,
    lease: request.lease,
    previous: request.previous,
    keepValue: request.ignoreValue,
    keepLease: request.ignoreLease,
  };
}

export function deleteRangeCommandOf(request: DeleteRangeRequest): DeleteRangeCommand {
  return {
    module: 'keyspace',
    kind: 'deleteRange',
    span: spanOf(request.key, request.rangeEnd),
    previous: request.previous,
  };
}

export function transactionCommandOf(request: TransactionRequest): TransactionCommand {
  const compares: Comparison[] = [];
  for (const compare of request.compares) {
    const comparison = comparisonOf(compare);
    if (comparison !== undefined) compares.push(comparison);
  }
  return {
    module: 'keyspace',
    kind: 'transaction',
    compares,
    success: request.success.map(operationOf),
    failure: request.failure.map(operationOf),
  };
}

function operationOf(operation: OperationRequest): TransactionOperation {
  switch (operation.kind) {
    case 'range':
      return { module: 'keyspace', kind: 'range', query: rangeQueryOf(operation.request) };
    case 'put':
      return putCommandOf(operation.request);
    case 'deleteRange':
      return deleteRangeCommandOf(operation.request);
    case 'transaction':
      return transactionCommandOf(operation.request);
    case 'empty':
    case 'tooDeep':
      throw new Error('an operation that the checks refuse was to be translated');
    default:
      return unreachable(operation);
  }
}

const RESULTS: readonly ComparisonResult[] = ['equal', 'greater', 'less', 'notEqual'];
const NUMBER_TARGETS = ['version', 'createRevision', 'modRevision'] as const;
const TARGET_VALUE = 3;
const TARGET_LEASE = 4;
const NO_VALUE = new Uint8Array(0);

/**
 * The target says what is compared; an operand given for another target counts as none, which is the default. undefined:
 * the comparison holds whatever the key is. As in etcd that is so for a result this protocol does not have.
 */
function comparisonOf(compare: CompareRequest): Comparison | undefined {
  const result = RESULTS[compare.result];
  if (result === undefined) return undefined;
  const span = spanOf(compare.key, compare.rangeEnd);
  // The operand's field number is its target's number and four.
  const given = compare.operandField === compare.target + COMPARE_VERSION;
  if (compare.target === TARGET_VALUE)
    return { span, result, target: 'value', value: given ? compare.value : NO_VALUE };
  if (compare.target === TARGET_LEASE)
    return { span, result, target: 'lease', lease: given ? compare.lease : NO_LEASE };
  const target = NUMBER_TARGETS[compare.target];
  // etcd takes both sides of a target it does not have for equal.
  if (target === undefined) return result === 'equal' ? undefined : neverHolds(span);
  const number = given ? compare.number : 0;
  if (number >= 0) return { span, result, target, number };
  // No version and no revision is below 0, so that the answer is known, and no negative number goes into the log.
  return result === 'greater' || result === 'notEqual' ? undefined : neverHolds(span);
}

function neverHolds(span: KeySpan): Comparison {
  return { span, result: 'less', target: 'version', number: 0 };
}
