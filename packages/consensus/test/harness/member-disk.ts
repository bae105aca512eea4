/** The disk of one member: what of its journal a restart would find. Does only what it is told, when it is told. */
import type { RecoveredLog } from '../../src/core/core.ts';
import type { LogRecord, SnapshotMeta } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';

/** Whether an entry record cuts what was written above it (Raft), or stands for its own slot only (Paxos). */
export type EntryRule = 'cutsAbove' | 'standsAlone';

export class MemberDisk {
  private readonly rule: EntryRule;
  hardState: Uint8Array | undefined = undefined;
  snapshot: SnapshotMeta;
  /** In the order written. */
  private entries: Entry[] = [];
  /** What counts in the end, by index. */
  private readonly newest = new Map<number, Entry>();

  constructor(genesis: SnapshotMeta, rule: EntryRule) {
    this.snapshot = genesis;
    this.rule = rule;
  }

  /** What a restart would read at an index; undefined at and below the snapshot and where nothing is. */
  at(index: number): Entry | undefined {
    return this.newest.get(index);
  }

  write(record: LogRecord): void {
    if (record.kind === 'hardState') this.hardState = record.state;
    else if (record.kind === 'entry') this.writeEntry(record.entry);
    else {
      if (this.rule === 'cutsAbove') {
        this.entries = [];
        this.newest.clear();
      }
      this.trim(record.meta);
    }
  }

  private writeEntry(entry: Entry): void {
    this.entries.push(entry);
    this.newest.set(entry.index, entry);
    if (this.rule === 'standsAlone') return;
    for (let above = entry.index + 1; this.newest.delete(above); above++);
  }

  /** A snapshot covers everything up to its index. */
  trim(meta: SnapshotMeta): void {
    this.snapshot = meta;
    // What was written before an entry that is dropped now was cut by it, if entries do that.
    const from =
      this.rule === 'cutsAbove' ? this.entries.findLastIndex(({ index }) => index <= meta.index) : -1;
    this.entries = this.entries.slice(from + 1).filter(({ index }) => index > meta.index);
    for (const index of [...this.newest.keys()]) if (index <= meta.index) this.newest.delete(index);
  }

  recovered(): RecoveredLog {
    return { hardState: this.hardState, snapshot: this.snapshot, entries: this.entries.slice() };
  }
}
