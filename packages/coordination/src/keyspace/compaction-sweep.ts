/**
 * Takes away what compaction let go of, a little at a time. Only keys with history are looked at, so the cost is that of
 * the garbage, not of the keyspace. A restart begins the sweep anew: what was taken is not met again.
 */
import type { KeyEntry } from './key-entry.ts';
import type { KeyspaceStore } from './store.ts';

export class CompactionSweep {
  private readonly store: KeyspaceStore;
  /** Nothing is left of what compaction up to here let go of. */
  private sweptRevision = 0;
  /** The compact revision when the sweep under way began. */
  private target = 0;
  /** Where the sweep under way is; undefined: none is. */
  private position: Iterator<KeyEntry> | undefined = undefined;
  /** Rows that the sweep under way removed. */
  private removed = 0;
  /** Compacted up to here before the store was loaded: a sweep of that is done again, and most often finds nothing. */
  private loadedRevision = 0;
  /** Entries it has yet to look at: those that get history meanwhile are the next sweep's, or it might never end. */
  private left = 0;

  constructor(store: KeyspaceStore) {
    this.store = store;
  }

  /** The store was loaded anew. */
  restart(): void {
    this.sweptRevision = 0;
    this.position = undefined;
    this.loadedRevision = this.store.compactRevision;
  }

  /** Looks at or removes up to about `rowsMax` rows. @returns whether there is more to do */
  step(rowsMax: number): boolean {
    if (this.position === undefined) {
      if (this.sweptRevision >= this.store.compactRevision) return false;
      this.target = this.store.compactRevision;
      this.position = this.store.index.withHistory.values();
      this.left = this.store.index.withHistory.size;
      this.removed = 0;
    }
    for (let work = 0; work < rowsMax; ) {
      const next = this.position.next();
      if (next.done || this.left-- === 0) {
        this.position = undefined;
        this.sweptRevision = this.target;
        if (this.removed > 0 || this.target > this.loadedRevision) this.store.tally.compactions++;
        return this.sweptRevision < this.store.compactRevision;
      }
      const rows = this.store.compactEntry(next.value);
      this.removed += rows;
      this.store.tally.rowsCompacted += rows;
      work += 1 + rows;
    }
    return true;
  }
}
