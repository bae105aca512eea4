/** A result as a line of text in which two equal results are equal, for comparing and for histories. */
import { latin1Decode } from '@synod/consensus';
import type { CommandResult, KeyRecord, RangeResult, TransactionOperationResult } from '@synod/coordination';

export function describeRecord(record: KeyRecord | undefined): string {
  if (record === undefined) return '-';
  const { key, value, createRevision, modRevision, version, lease } = record;
  return `${key}=${latin1Decode(value)}@${createRevision}/${modRevision}/${version}${lease === '' ? '' : `+${lease}`}`;
}

function describeRange({ revision, records, more, count }: RangeResult): string {
  return `range ${revision} ${count}${more ? '+' : ''} ${records.map(describeRecord).join(',')}`;
}

export function describeResult(result: CommandResult | TransactionOperationResult): string {
  switch (result.kind) {
    case 'range':
      return describeRange(result);
    case 'put':
      return `put ${result.revision} ${describeRecord(result.previous)}`;
    case 'deleteRange':
      return `deleteRange ${result.revision} ${result.deleted} ${result.previous.map(describeRecord).join(',')}`;
    case 'transaction':
      return `transaction ${result.revision} ${result.succeeded} [${result.results.map(describeResult).join('; ')}]`;
    case 'leaseGranted':
      return `leaseGranted ${result.revision} ${result.id} ${result.ttlSeconds}`;
    case 'failure':
      return `failure ${result.revision} ${describeReason(result.reason)}`;
    default:
      return `${result.kind} ${result.revision}`;
  }
}

function describeReason(reason: object): string {
  return Object.values(reason).join(' ');
}
