/**
 * What can be seen of the keyspace at a revision, as a hash: the state at the compact revision and every change from
 * there on. Rows that a sweep has yet to take are passed over, so that members at different places of a sweep agree (S4).
 * Taken a piece at a time, between other work: later changes do not count, and what changes the past begins it anew.
 */
import { TABLE } from '../backend/backend.ts';
import { StateHash } from '../machine/state-hash.ts';
import { ALL_AFTER, type Key, key, type Revision } from '../machine/values.ts';
import type { ChangePlace } from './key-entry.ts';
import { rowKey } from './row.ts';
import type { KeyspaceStore } from './store.ts';

/** Begins everything anew: the first key, and none of its changes. */
const FIRST_KEY = key('');

export class KeyspaceHash {
  readonly revision: Revision;
  private readonly store: KeyspaceStore;
  private state = new StateHash();
  /** What the store was when this began: the compaction that bounds the past, and which of its loads it lives from. */
  private compacted: number;
  private loads: number;
  /** Whose changes come next. */
  private nextKey: Key = FIRST_KEY;
  /** Of the key before that: what is still to be taken. */
  private changes: readonly ChangePlace[] = [];
  private nextChange = 0;

  /** At a revision that is neither compacted nor in the future. */
  constructor(store: KeyspaceStore, revision: Revision) {
    this.store = store;
    this.revision = revision;
    this.compacted = store.compactedTo;
    this.loads = store.loads;
  }

  /** The compaction that the hash begins at; -1: there was none. */
  get compactedTo(): number {
    return this.compacted;
  }

  /** 32 bits. Whole once `step` said so. */
  get sum(): number {
    return this.state.sum;
  }

  /** Takes `rowsMax` rows or fewer. `compacted`: a compaction went past the revision meanwhile. */
  step(rowsMax: number): 'more' | 'whole' | 'compacted' {
    const { store } = this;
    if (store.compactedTo !== this.compacted || store.loads !== this.loads) this.restart();
    if (store.compactRevision > this.revision) return 'compacted';
    let rows = this.takeChanges(rowsMax);
    if (rows >= rowsMax) return 'more';
    for (const entry of store.index.entries({ from: this.nextKey, to: ALL_AFTER })) {
      this.changes = entry.changesFrom(store.compactRevision);
      this.nextChange = 0;
      this.nextKey = key(`${entry.key}\0`);
      // A key counts even if nothing of it does: a step ends in any keyspace.
      rows += 1 + this.takeChanges(rowsMax - rows);
      if (rows >= rowsMax) return 'more';
    }
    return 'whole';
  }

  private restart(): void {
    this.state = new StateHash();
    this.compacted = this.store.compactedTo;
    this.loads = this.store.loads;
    this.nextKey = FIRST_KEY;
    this.changes = [];
    this.nextChange = 0;
  }

  /** @returns how many rows it took of the key whose turn it is */
  private takeChanges(rowsMax: number): number {
    const { backend, compactRevision } = this.store;
    let rows = 0;
    for (; this.nextChange < this.changes.length && rows < rowsMax; this.nextChange++) {
      const change = this.changes[this.nextChange]!;
      if (change.revision > this.revision) {
        this.nextChange = this.changes.length;
        break;
      }
      if (change.version === 0 && change.revision < compactRevision) continue;
      rows++;
      const place = rowKey(change.revision, change.sub);
      const row = backend.get(TABLE.revisions, place);
      this.state.bytes(place);
      if (row !== undefined) this.state.bytes(row);
    }
    return rows;
  }
}
