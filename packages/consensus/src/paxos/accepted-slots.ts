/**
 * What this replica has accepted or learned, a slot each, with gaps: every slot above the trim. Entries are shared with
 * the journal, the messages and the state machine. Knows nothing of ballots beyond keeping them, nor of what is chosen.
 */
import { assert } from '../core/assert.ts';
import { type Entry, entryBytes } from '../core/entry.ts';
import { type Epoch, type LogIndex, logIndex } from '../core/numbers.ts';

export class AcceptedSlots {
  /** Slots up to here are gone, and chosen. Rises by `trim` and `reset`. */
  trimmedIndex: LogIndex;
  /** The ballot of that slot's value. Says nothing to anybody but the writer of a snapshot. */
  trimmedEpoch: Epoch;
  /** entries[i] is slot trimmedIndex + 1 + i; the last one is never undefined. */
  private entries: (Entry | undefined)[] = [];
  /** Bytes of `entries`, by entryBytes. */
  bytes = 0;

  constructor(trimmedIndex: LogIndex, trimmedEpoch: Epoch) {
    this.trimmedIndex = trimmedIndex;
    this.trimmedEpoch = trimmedEpoch;
  }

  /** The highest slot that holds something, or the trim. */
  get lastIndex(): LogIndex {
    return logIndex(this.trimmedIndex + this.entries.length);
  }

  at(slot: number): Entry | undefined {
    return this.entries[slot - this.trimmedIndex - 1];
  }

  /** Puts a value into its slot, in place of what was there. */
  put(entry: Entry): void {
    assert(entry.index > this.trimmedIndex, 'a slot is filled above the trim');
    const position = entry.index - this.trimmedIndex - 1;
    while (this.entries.length < position) this.entries.push(undefined);
    const before = this.entries[position];
    if (before !== undefined) this.bytes -= entryBytes(before);
    this.entries[position] = entry;
    this.bytes += entryBytes(entry);
  }

  /** Forgets `index` and everything below; all of it is there. */
  trim(index: LogIndex): void {
    const last = this.at(index);
    assert(last !== undefined, 'a trim ends at a slot that is there');
    this.forget(index, last.epoch);
  }

  /** Begins again after a snapshot. What was accepted above it stays (P4). */
  reset(index: LogIndex, epoch: Epoch): void {
    assert(index > this.trimmedIndex, 'a snapshot moves the trim forward');
    this.forget(index, epoch);
  }

  private forget(index: LogIndex, epoch: Epoch): void {
    const gone = Math.min(index - this.trimmedIndex, this.entries.length);
    for (let i = 0; i < gone; i++) {
      const entry = this.entries[i];
      if (entry !== undefined) this.bytes -= entryBytes(entry);
    }
    this.entries = this.entries.slice(gone);
    this.trimmedIndex = index;
    this.trimmedEpoch = epoch;
  }

  /** What is in [from, to], at least one entry if there is any and otherwise at most `bytesMax` bytes; gaps are left out. */
  read(from: number, to: number, bytesMax: number): Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    const end = Math.min(to, this.lastIndex);
    for (let slot = Math.max(from, this.trimmedIndex + 1); slot <= end; slot++) {
      const entry = this.at(slot);
      if (entry === undefined) continue;
      bytes += entryBytes(entry);
      if (bytes > bytesMax && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }
}
