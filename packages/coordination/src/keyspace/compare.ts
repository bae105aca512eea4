/** The conditions of a transaction, against the state before it (etcd's rules for what is not there included). */
import { unreachable } from '@synod/consensus';
import type { ApplyMeter } from '../machine/apply-meter.ts';
import type { Comparison, ComparisonResult } from '../machine/commands.ts';
import { type KeyRecord, type LeaseId, NO_LEASE } from '../machine/values.ts';
import { compareBytes } from './range.ts';
import type { KeyspaceStore } from './store.ts';

/** Whether all conditions hold. Yields where the turn's share of work is used up. */
export function* allHold(
  store: KeyspaceStore,
  comparisons: readonly Comparison[],
  meter: ApplyMeter,
): Generator<void, boolean> {
  for (const comparison of comparisons) if (!(yield* holds(store, comparison, meter))) return false;
  return true;
}

/**
 * Whether a condition holds for every key of its span. Where there is no key, a value is unequal to everything and
 * every number is 0.
 */
function* holds(store: KeyspaceStore, comparison: Comparison, meter: ApplyMeter): Generator<void, boolean> {
  let found = false;
  for (const entry of store.index.liveEntries(comparison.span)) {
    found = true;
    const needsRow = comparison.target === 'value' || comparison.target === 'lease';
    const record = needsRow ? store.liveRow(entry) : undefined;
    const difference =
      record !== undefined
        ? compareRecord(record, comparison)
        : compareNumber(comparison, {
            version: entry.version,
            createRevision: entry.createRevision,
            modRevision: entry.revision,
          });
    if (!fits(difference, comparison.result)) return false;
    if (meter.spend(1, record?.value.length)) yield;
  }
  if (found) return true;
  if (comparison.target === 'value') return false;
  if (comparison.target === 'lease')
    return fits(compareLeases(NO_LEASE, comparison.lease), comparison.result);
  return fits(
    compareNumber(comparison, { version: 0, createRevision: 0, modRevision: 0 }),
    comparison.result,
  );
}

type NumberTarget = 'version' | 'createRevision' | 'modRevision';

function compareNumber(comparison: Comparison, numbers: Readonly<Record<NumberTarget, number>>): number {
  if (comparison.target === 'value' || comparison.target === 'lease') return 0;
  return numbers[comparison.target] - comparison.number;
}

function compareRecord(record: KeyRecord, comparison: Comparison): number {
  if (comparison.target === 'value') return compareBytes(record.value, comparison.value);
  if (comparison.target === 'lease') return compareLeases(record.lease, comparison.lease);
  return 0;
}

/** As signed 64-bit numbers, which is what protocols have for ids. */
function compareLeases(a: LeaseId, b: LeaseId): number {
  const left = leaseNumber(a);
  const right = leaseNumber(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function leaseNumber(id: LeaseId): bigint {
  return id === NO_LEASE ? 0n : BigInt.asIntN(64, BigInt(`0x${id}`));
}

function fits(difference: number, result: ComparisonResult): boolean {
  switch (result) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'greater':
      return difference > 0;
    case 'less':
      return difference < 0;
    default:
      return unreachable(result);
  }
}
