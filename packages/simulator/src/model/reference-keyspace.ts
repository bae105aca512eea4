/**
 * The reference's keyspace: etcd's map with every version kept, so that any revision can be read again. Answers in the
 * production results' words, so that the two can be compared; shares no code with it.
 */
import type {
  Comparison,
  Failure,
  KeyEvent,
  KeyRecord,
  KeySpan,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
} from '@synod/coordination';
import { isInSpan, type KeyVersion, recordAt } from './reference-record.ts';

const NO_BYTES = new Uint8Array(0);

export class ReferenceKeyspace {
  revision = 1;
  /** Of the last compaction; -1 before the first. */
  compactedTo = -1;
  private readonly versions = new Map<string, KeyVersion[]>();
  /** eventsAt[revision]: what changed there, in order. */
  private readonly eventsAt: (readonly KeyEvent[])[] = [];
  /** Of the entry being run. */
  private events: KeyEvent[] = [];

  get compactRevision(): number {
    return Math.max(this.compactedTo, 0);
  }

  /** What counts as now inside an entry. */
  get current(): Revision {
    return (this.revision + (this.events.length > 0 ? 1 : 0)) as Revision;
  }

  /** Ends an entry. @returns what it changed; empty: no revision was made. */
  endEntry(): readonly KeyEvent[] {
    const { events } = this;
    if (events.length === 0) return events;
    this.events = [];
    this.revision++;
    this.eventsAt[this.revision] = events;
    return events;
  }

  eventsOf(revision: number): readonly KeyEvent[] {
    return this.eventsAt[revision] ?? [];
  }

  live(key: string): KeyRecord | undefined {
    return this.versions.get(key)?.at(-1)?.record;
  }

  recordBefore(key: string, revision: number): KeyRecord | undefined {
    return recordAt(this.versions.get(key), revision - 1);
  }

  put(key: KeyRecord['key'], value: Uint8Array, lease: LeaseId): KeyRecord | undefined {
    const previous = this.live(key);
    const next = (this.revision + 1) as Revision;
    this.add(key, 'put', {
      key,
      value,
      createRevision: previous?.createRevision ?? next,
      modRevision: next,
      version: (previous?.version ?? 0) + 1,
      lease,
    });
    return previous;
  }

  /** Deletes what is there of a span. @returns what was there */
  deleteSpan(span: KeySpan): KeyRecord[] {
    const doomed = this.recordsAt(span, Number.POSITIVE_INFINITY);
    for (const { key } of doomed) this.delete(key);
    return doomed;
  }

  delete(key: KeyRecord['key']): void {
    if (this.live(key) !== undefined) this.add(key, 'delete', undefined);
  }

  /** Keys on a lease, in their order. */
  keysOn(lease: LeaseId): KeyRecord['key'][] {
    const keys: KeyRecord['key'][] = [];
    for (const [, versions] of this.versions) {
      const record = versions.at(-1)?.record;
      if (record?.lease === lease) keys.push(record.key);
    }
    return keys.sort();
  }

  /** As the keyspace answered when `current` counted as now and everything before `compactRevision` was gone. */
  range(query: RangeQuery, current: number, compactRevision: number): RangeResult | Failure {
    const revision = current as Revision;
    if (query.revision > current)
      return {
        kind: 'failure',
        reason: { code: 'revisionInFuture', currentRevision: revision },
        revision,
      };
    if (query.revision > 0 && query.revision < compactRevision)
      return {
        kind: 'failure',
        reason: { code: 'revisionCompacted', compactRevision: compactRevision as Revision },
        revision,
      };
    const found = this.recordsAt(query.span, query.revision > 0 ? query.revision : current);
    const isCut = query.limit > 0 && found.length > query.limit;
    const records = query.countOnly ? [] : isCut ? found.slice(0, query.limit) : found;
    return {
      kind: 'range',
      revision,
      records: query.keysOnly ? records.map((record) => ({ ...record, value: NO_BYTES })) : records,
      more: isCut && !query.countOnly,
      count: found.length,
    };
  }

  holds(comparison: Comparison): boolean {
    const found = this.recordsAt(comparison.span, Number.POSITIVE_INFINITY);
    if (found.length > 0) return found.every((record) => fits(difference(record, comparison), comparison));
    if (comparison.target === 'value') return false;
    return fits(difference(undefined, comparison), comparison);
  }

  private recordsAt(span: KeySpan, revision: number): KeyRecord[] {
    const found: KeyRecord[] = [];
    if (span.to === undefined) {
      const record = recordAt(this.versions.get(span.from), revision);
      return record === undefined ? found : [record];
    }
    for (const [key, versions] of this.versions) {
      if (!isInSpan(key, span)) continue;
      const record = recordAt(versions, revision);
      if (record !== undefined) found.push(record);
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  private add(key: KeyRecord['key'], kind: 'put' | 'delete', record: KeyRecord | undefined): void {
    const revision = this.revision + 1;
    let versions = this.versions.get(key);
    if (versions === undefined) {
      versions = [];
      this.versions.set(key, versions);
    }
    versions.push({ revision, record });
    this.events.push({ kind, record: record ?? tombstoneOf(key, revision as Revision) });
  }
}

function tombstoneOf(key: KeyRecord['key'], modRevision: Revision): KeyRecord {
  return {
    key,
    value: NO_BYTES,
    createRevision: 0 as Revision,
    modRevision,
    version: 0,
    lease: '' as LeaseId,
  };
}

function difference(record: KeyRecord | undefined, comparison: Comparison): number {
  switch (comparison.target) {
    case 'value':
      return compareBytes(record?.value ?? NO_BYTES, comparison.value);
    case 'lease':
      return (record?.lease ?? '') === comparison.lease ? 0 : 1;
    default:
      return (record?.[comparison.target] ?? 0) - comparison.number;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function fits(by: number, { result }: Comparison): boolean {
  if (result === 'equal') return by === 0;
  if (result === 'notEqual') return by !== 0;
  return result === 'greater' ? by > 0 : by < 0;
}
