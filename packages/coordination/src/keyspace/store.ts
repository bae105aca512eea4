/**
 * The keyspace's data: rows in the backend, the index over them, and the two revisions that bound what can be seen.
 * Every change goes through `put` and `remove`, which keep rows, index and leases together. Knows no commands.
 */
import { assert } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import {
  type Key,
  type KeyRecord,
  type LeaseId,
  NO_LEASE,
  type Revision,
  revision as toRevision,
} from '../machine/values.ts';
import type { ChangePlace, KeyEntry } from './key-entry.ts';
import { KeyIndex } from './key-index.ts';
import { KeyspaceTally } from './keyspace-tally.ts';
import type { LeaseBook } from './lease-book.ts';
import { decodeRow, encodeRecordRow, encodeTombstoneRow, placeOfRowKey, type Row, rowKey } from './row.ts';

/** Before the first change, as etcd has it: the first makes revision 2. */
export const FIRST_REVISION: Revision = toRevision(1);

export const NEVER_COMPACTED = -1;

export class KeyspaceStore {
  readonly backend: Backend;
  readonly index = new KeyIndex();
  readonly tally = new KeyspaceTally();
  private readonly leases: LeaseBook;
  /** Keys that hang on a lease. Derived from the rows. */
  private readonly leaseOfKey = new Map<Key, LeaseId>();
  /** Of the last transaction that changed something. Monotonic, durable with the machine's meta row. */
  revision: Revision = FIRST_REVISION;
  /**
   * Of the last change that the index knows: above `revision` while an entry is half applied. What is asked about the
   * present then is answered as about the past.
   */
  indexRevision: Revision = FIRST_REVISION;
  /**
   * The revision of the last compaction; NEVER_COMPACTED before the first, which may be at 0. Monotonic, durable
   * likewise. Written by the keyspace's `compact` and `load`.
   */
  compactedTo: number = NEVER_COMPACTED;
  /** Counts `load`. Monotonic: what was begun on another state is worth nothing. */
  loads = 0;

  constructor(backend: Backend, leases: LeaseBook) {
    this.backend = backend;
    this.leases = leases;
  }

  /** Changes before it are gone. 0: none are. */
  get compactRevision(): Revision {
    return toRevision(Math.max(this.compactedTo, 0));
  }

  /** Builds the index from the rows: at opening, and after a restore. @throws MalformedBytes */
  load(revision: Revision, compactedTo: number): void {
    this.loads++;
    this.removeRowsAbove(revision);
    this.index.clear();
    this.revision = revision;
    this.indexRevision = revision;
    this.compactedTo = compactedTo;
    this.leaseOfKey.clear();
    for (const { key, value } of this.backend.scan(TABLE.revisions, { borrowed: true })) {
      const place = placeOfRowKey(key);
      const row = decodeRow(place.revision, value);
      this.index.load(row.key, place.revision, place.sub, row.version, row.createRevision);
      if (row.lease !== NO_LEASE) this.leaseOfKey.set(row.key, row.lease);
      else if (this.leaseOfKey.size > 0) this.leaseOfKey.delete(row.key);
    }
    this.index.endLoading();
    for (const [key, lease] of this.leaseOfKey) this.leases.attach(lease, key);
  }

  /** Whether a lease that a change names exists. */
  hasLease(id: LeaseId): boolean {
    return this.leases.has(id);
  }

  /** The row of an entry's change; undefined: compaction took it. */
  row(place: ChangePlace): Row | undefined {
    const bytes = this.backend.get(TABLE.revisions, rowKey(place.revision, place.sub));
    return bytes === undefined ? undefined : decodeRow(toRevision(place.revision), bytes);
  }

  /** The row of the present state of a key that is alive. */
  liveRow(entry: KeyEntry): Row {
    const row = this.row(entry);
    assert(row !== undefined, `the row of a live key is there (revision ${entry.revision})`);
    return row;
  }

  /** The lease that a live key hangs on. */
  leaseOf(key: Key): LeaseId {
    return this.leaseOfKey.get(key) ?? NO_LEASE;
  }

  /** Writes a record as change `sub` of its revision. */
  put(record: KeyRecord, sub: number): void {
    const { key, modRevision } = record;
    this.backend.put(TABLE.revisions, rowKey(modRevision, sub), encodeRecordRow(record));
    this.index.change(key, modRevision, sub, record.version, record.createRevision);
    this.indexRevision = modRevision;
    this.hang(key, record.lease);
  }

  /** Writes a tombstone as change `sub` of a revision. */
  remove(entry: KeyEntry, revision: Revision, sub: number): void {
    this.backend.put(TABLE.revisions, rowKey(revision, sub), encodeTombstoneRow(entry.key));
    this.index.change(entry.key, revision, sub, 0, 0);
    this.indexRevision = revision;
    this.hang(entry.key, NO_LEASE);
  }

  /** Forgets what compaction lets go of one key. @returns rows removed */
  compactEntry(entry: KeyEntry): number {
    const taken = entry.compact(this.compactRevision);
    for (const place of taken) this.backend.remove(TABLE.revisions, rowKey(place.revision, place.sub));
    if (entry.isGone(this.compactRevision)) this.index.remove(entry);
    else if (!entry.hasHistory) this.index.withHistory.delete(entry);
    return taken.length;
  }

  /** What a power cut has left of a commit that did not come to its end. */
  private removeRowsAbove(revision: Revision): void {
    const { backend } = this;
    const above = [...backend.scan(TABLE.revisions, { from: rowKey(toRevision(revision + 1), 0) })];
    for (const { key } of above) backend.remove(TABLE.revisions, key);
  }

  /** Takes a key off the lease it hung on, and puts it on another. */
  private hang(key: Key, lease: LeaseId): void {
    const before = this.leaseOf(key);
    if (before === lease) return;
    if (before !== NO_LEASE) this.leases.detach(before, key);
    if (lease === NO_LEASE) {
      this.leaseOfKey.delete(key);
      return;
    }
    this.leases.attach(lease, key);
    this.leaseOfKey.set(key, lease);
  }
}
