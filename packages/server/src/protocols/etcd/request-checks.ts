/**
 * What etcd refuses before a request reaches anything else, in etcd's order: the first thing wrong names the error.
 * Knows the wire form and nothing of the state.
 */
import { unreachable } from '@synod/consensus';
import { NO_LEASE } from '@synod/coordination';
import type { RequestErrorCode } from './error-table.ts';
import { PROPOSAL_OVERHEAD_BYTES, TRANSACTION_OPERATIONS_TOTAL_MAX } from './limits.ts';
import type { DeleteRangeRequest } from './messages/delete-range.ts';
import type { PutRequest } from './messages/put.ts';
import type { RangeRequest } from './messages/range.ts';
import type { OperationRequest, TransactionRequest } from './messages/transaction.ts';
import { duplicateKey } from './transaction-overlap.ts';

const SORT_ORDER_MAX = 2;
const SORT_TARGET_MAX = 4;

export function checkRange(request: RangeRequest): RequestErrorCode | undefined {
  if (request.key === '') return 'emptyKey';
  if (request.sortOrder < 0 || request.sortOrder > SORT_ORDER_MAX) return 'invalidSortOption';
  if (request.sortTarget < 0 || request.sortTarget > SORT_TARGET_MAX) return 'invalidSortOption';
  return undefined;
}

export function checkPut(request: PutRequest): RequestErrorCode | undefined {
  if (request.key === '') return 'emptyKey';
  if (request.ignoreValue && request.value.length !== 0) return 'valueProvided';
  if (request.ignoreLease && request.lease !== NO_LEASE) return 'leaseProvided';
  return undefined;
}

export function checkDeleteRange(request: DeleteRangeRequest): RequestErrorCode | undefined {
  return request.key === '' ? 'emptyKey' : undefined;
}

export function checkTransaction(
  request: TransactionRequest,
  operationsMax: number,
): RequestErrorCode | undefined {
  const error = checkShape(request, operationsMax);
  if (error !== undefined) return error;
  if (operationsIn(request) > TRANSACTION_OPERATIONS_TOTAL_MAX) return 'tooManyOperations';
  // Last, as it costs most.
  return duplicateKey(request) ? 'duplicateKey' : undefined;
}

/** All of them, inner ones included. */
function operationsIn(request: TransactionRequest): number {
  let count = request.compares.length + request.success.length + request.failure.length;
  for (const branch of [request.success, request.failure])
    for (const operation of branch)
      if (operation.kind === 'transaction') count += operationsIn(operation.request);
  return count;
}

/** A transaction counts as its longest list, and leaves what is over to those inside it. */
function checkShape(request: TransactionRequest, operationsMax: number): RequestErrorCode | undefined {
  const operations = Math.max(request.compares.length, request.success.length, request.failure.length);
  if (operations > operationsMax) return 'tooManyOperations';
  for (const compare of request.compares) if (compare.key === '') return 'emptyKey';
  for (const branch of [request.success, request.failure]) {
    for (const operation of branch) {
      const error = checkOperation(operation, operationsMax - operations);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

function checkOperation(operation: OperationRequest, operationsMax: number): RequestErrorCode | undefined {
  switch (operation.kind) {
    case 'range':
      return checkRange(operation.request);
    case 'put':
      return checkPut(operation.request);
    case 'deleteRange':
      return checkDeleteRange(operation.request);
    case 'transaction':
      return checkShape(operation.request, operationsMax);
    case 'tooDeep':
      return 'tooManyOperations';
    case 'empty':
      return 'emptyOperation';
    default:
      return unreachable(operation);
  }
}

/**
 * etcd measures the proposal that it makes of a request: the request as it came, behind a header with the proposal's
 * number and the request's own tag and length.
 */
export function proposalTooLarge(
  request: Uint8Array,
  requestBytesMax: number,
): 'requestTooLarge' | undefined {
  return request.length + PROPOSAL_OVERHEAD_BYTES > requestBytesMax ? 'requestTooLarge' : undefined;
}
