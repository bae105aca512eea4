/**
 * Questions to the keyspace, with every option etcd has and in its order of steps: find the keys, filter, sort, then
 * limit. `count` is of the keys found, before filters.
 */
import type { RangeQuery, SortTarget } from '../machine/commands.ts';
import type { Failure, RangeResult } from '../machine/results.ts';
import type { KeyRecord, Revision } from '../machine/values.ts';
import type { KeyspaceStore } from './store.ts';

/** Answers a query. `current`: the revision that counts as now (inside a transaction: with its own changes). */
export function rangeAt(store: KeyspaceStore, query: RangeQuery, current: Revision): RangeResult | Failure {
  const failure = rangeFailure(store, query.revision, current);
  if (failure !== undefined) return failure;
  const atRevision = query.revision > 0 ? query.revision : current;
  const isFiltered = hasBounds(query);
  // One more than asked for, to know whether there is more; everything, where keys are chosen only afterwards.
  const readMax =
    query.limit > 0 && query.sort === undefined && !isFiltered ? query.limit + 1 : Number.POSITIVE_INFINITY;
  // Of the present the index knows the count, and who is alive. In the past every key has to be asked.
  const isPresent = atRevision === current;
  const knownCount = isPresent ? store.index.countLive(query.span) : undefined;
  const entries = isPresent ? store.index.liveEntries(query.span) : store.index.entries(query.span);
  let records: KeyRecord[] = [];
  let seen = 0;
  const isEnough = (): boolean => query.countOnly || records.length >= readMax;
  for (const entry of knownCount !== undefined && query.countOnly ? [] : entries) {
    const place = entry.changeAt(atRevision);
    if (place === undefined || place.version === 0) continue;
    seen++;
    if (!isEnough()) {
      const record = store.row(place);
      if (record !== undefined) records.push(record);
    }
    if (knownCount !== undefined && isEnough()) break;
  }
  const count = knownCount ?? seen;
  if (isFiltered) records = records.filter((record) => isWithinBounds(record, query));
  // The sort is stable: equals stay in key order.
  if (query.sort !== undefined) records.sort(recordOrder(query.sort));
  const more = query.limit > 0 && records.length > query.limit;
  if (more) records.length = query.limit;
  if (query.keysOnly) records = records.map(withoutValue);
  return { kind: 'range', revision: current, records, more, count };
}

/** Why a revision cannot be read; undefined: it can. */
export function rangeFailure(
  store: KeyspaceStore,
  atRevision: number,
  current: Revision,
): Failure | undefined {
  if (atRevision > current)
    return {
      kind: 'failure',
      reason: { code: 'revisionInFuture', currentRevision: current },
      revision: current,
    };
  if (atRevision > 0 && atRevision < store.compactRevision)
    return {
      kind: 'failure',
      reason: { code: 'revisionCompacted', compactRevision: store.compactRevision },
      revision: current,
    };
  return undefined;
}

type RevisionBounds = Pick<
  RangeQuery,
  'minModRevision' | 'maxModRevision' | 'minCreateRevision' | 'maxCreateRevision'
>;

/** Whether a query leaves keys out for their revisions. */
export function hasBounds(query: RevisionBounds): boolean {
  return (
    query.minModRevision > 0 ||
    query.maxModRevision > 0 ||
    query.minCreateRevision > 0 ||
    query.maxCreateRevision > 0
  );
}

/** Whether a record is within a query's bounds of revisions. */
export function isWithinBounds(record: KeyRecord, query: RevisionBounds): boolean {
  return (
    (query.maxModRevision === 0 || record.modRevision <= query.maxModRevision) &&
    (query.minModRevision === 0 || record.modRevision >= query.minModRevision) &&
    (query.maxCreateRevision === 0 || record.createRevision <= query.maxCreateRevision) &&
    (query.minCreateRevision === 0 || record.createRevision >= query.minCreateRevision)
  );
}

/** As `Array.sort` takes it: below 0 where `a` comes first. */
export type RecordOrder = (a: KeyRecord, b: KeyRecord) => number;

const ORDERS: Readonly<Record<SortTarget, RecordOrder>> = {
  key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  version: (a, b) => a.version - b.version,
  createRevision: (a, b) => a.createRevision - b.createRevision,
  modRevision: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compareBytes(a.value, b.value),
};

export function recordOrder({ target, order }: NonNullable<RangeQuery['sort']>): RecordOrder {
  const ascending = ORDERS[target];
  return order === 'descending' ? (a, b) => ascending(b, a) : ascending;
}

/** As strings of bytes: the first difference decides, then the length. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const NO_BYTES = new Uint8Array(0);

/** What `keysOnly` leaves. */
export function withoutValue(record: KeyRecord): KeyRecord {
  return { ...record, value: NO_BYTES };
}

/** The record of one key as a revision shows it. */
export function recordAt(
  store: KeyspaceStore,
  key: KeyRecord['key'],
  atRevision: number,
): KeyRecord | undefined {
  const place = store.index.get(key)?.changeAt(atRevision);
  return place === undefined || place.version === 0 ? undefined : store.row(place);
}
