/**
 * Questions to the keyspace, with every option etcd has and in its order of steps: find the keys, filter, sort, then
 * limit. `count` is of the keys found, before filters.
 */
import { type ApplyMeter, UNMETERED } from '../machine/apply-meter.ts';
import type { RangeQuery, SortTarget } from '../machine/commands.ts';
import type { Failure, RangeResult } from '../machine/results.ts';
import type { KeyRecord, Revision } from '../machine/values.ts';
import { type Order, sortedInSteps } from '../order/sorted-runs.ts';
import type { KeyEntry } from './key-entry.ts';
import type { KeyspaceStore } from './store.ts';

/**
 * Answers a query. `current`: the revision that counts as now (inside a transaction: with its own changes).
 */
export function rangeAt(store: KeyspaceStore, query: RangeQuery, current: Revision): RangeResult | Failure {
  const failure = rangeFailure(store, query.revision, current);
  if (failure !== undefined) return failure;
  const reading = new RangeReading(store, query, current);
  reading.read(UNMETERED);
  // The sort is stable: equals stay in key order.
  if (query.sort !== undefined) reading.records.sort(recordOrder(query.sort));
  return reading.answer(reading.records);
}

/** Likewise, and yields where the turn's share of work is used up. The revision must be one that can be read. */
export function* rangeInSteps(
  store: KeyspaceStore,
  query: RangeQuery,
  current: Revision,
  meter: ApplyMeter,
): Generator<void, RangeResult> {
  const reading = new RangeReading(store, query, current);
  while (!reading.read(meter)) yield;
  const { records } = reading;
  return reading.answer(
    query.sort === undefined ? records : yield* sortedInSteps(records, recordOrder(query.sort)),
  );
}

/** A question that is being answered. Nothing may change the index meanwhile. */
class RangeReading {
  /** What was found, within the query's bounds of revisions. */
  readonly records: KeyRecord[] = [];
  private readonly store: KeyspaceStore;
  private readonly query: RangeQuery;
  private readonly current: Revision;
  private readonly atRevision: number;
  private readonly isFiltered: boolean;
  /** One more than asked for, to know whether there is more; everything, where keys are chosen only afterwards. */
  private readonly readMax: number;
  /** Of the present the index knows the count. In the past every key has to be asked. */
  private readonly knownCount: number | undefined;
  private readonly entries: Iterator<KeyEntry>;
  private seen = 0;

  constructor(store: KeyspaceStore, query: RangeQuery, current: Revision) {
    const { span, limit, sort, countOnly } = query;
    this.store = store;
    this.query = query;
    this.current = current;
    this.atRevision = query.revision > 0 ? query.revision : current;
    this.isFiltered = hasBounds(query);
    this.readMax = limit > 0 && sort === undefined && !this.isFiltered ? limit + 1 : Number.POSITIVE_INFINITY;
    // The index is ahead of the present while an entry is half applied.
    const isLatest = this.atRevision >= store.indexRevision;
    this.knownCount = isLatest ? store.index.countLive(span) : undefined;
    if (isLatest && countOnly) this.entries = NO_ENTRIES;
    else this.entries = isLatest ? store.index.liveEntries(span) : store.index.entries(span);
  }

  /** Reads until the turn's share is used up. @returns whether all is read */
  read(meter: ApplyMeter): boolean {
    const { store, query, atRevision } = this;
    while (this.knownCount === undefined || !this.hasEnough) {
      const next = this.entries.next();
      if (next.done === true) return true;
      const place = next.value.changeAt(atRevision);
      let bytes = 0;
      if (place !== undefined && place.version > 0) {
        this.seen++;
        const record = this.hasEnough ? undefined : store.row(place);
        if (record !== undefined) {
          bytes = record.value.length;
          if (!this.isFiltered || isWithinBounds(record, query)) this.records.push(record);
        }
      }
      if (meter.spend(1, bytes)) return false;
    }
    return true;
  }

  /** `sorted`: the records in the order that the query asks for. */
  answer(sorted: readonly KeyRecord[]): RangeResult {
    const { limit, keysOnly } = this.query;
    const more = limit > 0 && sorted.length > limit;
    const shown = more ? sorted.slice(0, limit) : sorted;
    const records = keysOnly ? shown.map(withoutValue) : shown;
    return { kind: 'range', revision: this.current, records, more, count: this.knownCount ?? this.seen };
  }

  private get hasEnough(): boolean {
    return this.query.countOnly || this.records.length >= this.readMax;
  }
}

const NO_ENTRIES: Iterator<KeyEntry> = { next: () => ({ done: true, value: undefined }) };

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

const ORDERS: Readonly<Record<SortTarget, Order<KeyRecord>>> = {
  key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  version: (a, b) => a.version - b.version,
  createRevision: (a, b) => a.createRevision - b.createRevision,
  modRevision: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compareBytes(a.value, b.value),
};

export function recordOrder({ target, order }: NonNullable<RangeQuery['sort']>): Order<KeyRecord> {
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
