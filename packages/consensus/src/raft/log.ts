/**
 * The log in memory: every entry above the trim. Entries are shared with the journal, the messages and the state
 * machine; nobody changes one. Knows nothing of terms beyond comparing them, nor of what is durable (log-writes.ts).
 */
import { assert } from '../core/assert.ts';
import { type Entry, entryBytes } from '../core/entry.ts';
import { type Epoch, epoch, type LogIndex, logIndex } from '../core/numbers.ts';

/** The identity of an entry: two logs that share it are equal up to it (R5). */
export interface LogPosition {
  readonly index: LogIndex;
  readonly epoch: Epoch;
}

/** Some entries in a row, and their bytes by entryBytes. */
export interface LogSlice {
  readonly from: LogIndex;
  /** The index after the last. */
  readonly to: number;
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

export class RaftLog {
  /** The last entry that is gone, or 0. Rises by `trim` and `reset`. */
  trimmedIndex: LogIndex;
  /** Its term. */
  trimmedEpoch: Epoch;
  /** entries[i] has index trimmedIndex + 1 + i; terms never fall from one to the next. */
  private entries: Entry[] = [];
  /** Bytes of `entries`, by entryBytes. */
  bytes = 0;
  /** The newest slice handed out: a leader asks for the same one once a follower. */
  private slice: LogSlice | undefined;

  constructor(start: LogPosition) {
    this.trimmedIndex = start.index;
    this.trimmedEpoch = start.epoch;
  }

  get lastIndex(): LogIndex {
    return logIndex(this.trimmedIndex + this.entries.length);
  }

  get lastEpoch(): Epoch {
    return this.entries.length === 0 ? this.trimmedEpoch : this.entries[this.entries.length - 1]!.epoch;
  }

  /** The term of an entry, or undefined where this log says nothing: below the trim and above the last. */
  epochAt(index: LogIndex): Epoch | undefined {
    if (index === this.trimmedIndex) return this.trimmedEpoch;
    return this.entries[index - this.trimmedIndex - 1]?.epoch;
  }

  entryAt(index: LogIndex): Entry | undefined {
    return this.entries[index - this.trimmedIndex - 1];
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'an entry is appended right after the last');
    assert(entry.epoch >= this.lastEpoch, 'terms never fall along the log');
    this.entries.push(entry);
    this.bytes += entryBytes(entry);
  }

  /** Forgets `from` and everything above. The caller has checked that none of it is committed. */
  truncateFrom(from: LogIndex): void {
    assert(from > this.trimmedIndex && from <= this.lastIndex, 'a truncation begins inside the log');
    const keep = from - this.trimmedIndex - 1;
    for (let i = keep; i < this.entries.length; i++) this.bytes -= entryBytes(this.entries[i]!);
    this.entries.length = keep;
    this.slice = undefined;
  }

  /** Forgets `index` and everything below. */
  trim(index: LogIndex): void {
    assert(index > this.trimmedIndex && index <= this.lastIndex, 'a trim ends inside the log');
    const gone = index - this.trimmedIndex;
    this.trimmedEpoch = this.entries[gone - 1]!.epoch;
    for (let i = 0; i < gone; i++) this.bytes -= entryBytes(this.entries[i]!);
    this.entries = this.entries.slice(gone);
    this.trimmedIndex = index;
    this.slice = undefined;
  }

  /** Begins again after a snapshot. */
  reset(start: LogPosition): void {
    assert(start.index > this.trimmedIndex, 'a snapshot moves the trim forward');
    this.entries = [];
    this.bytes = 0;
    this.trimmedIndex = start.index;
    this.trimmedEpoch = start.epoch;
    this.slice = undefined;
  }

  matches(index: LogIndex, term: Epoch): boolean {
    return this.epochAt(index) === term;
  }

  /** Whether a log that ends so may lead those whose log is this one (Raft §5.4.1). */
  isUpToDate(last: LogPosition): boolean {
    if (last.epoch !== this.lastEpoch) return last.epoch > this.lastEpoch;
    return last.index >= this.lastIndex;
  }

  /** The entries in [from, to), at least one and otherwise at most `bytesMax` bytes; empty when from ≥ to. */
  read(from: LogIndex, to: LogIndex, bytesMax: number): LogSlice {
    assert(from > this.trimmedIndex && to <= this.lastIndex + 1, 'a read lies inside the log');
    let end: number = from;
    let bytes = 0;
    while (end < to) {
      const more = entryBytes(this.entries[end - this.trimmedIndex - 1]!);
      if (bytes + more > bytesMax && end > from) break;
      bytes += more;
      end++;
    }
    if (this.slice?.from === from && this.slice.to === end) return this.slice;
    const entries = this.entries.slice(from - this.trimmedIndex - 1, end - this.trimmedIndex - 1);
    this.slice = { from, to: end, entries, bytes };
    return this.slice;
  }

  /**
   * The last position at or below `index` whose term is at most `term`: nothing above it can match a log that has
   * `term` at `index`. Below the trim the term is unknown and given as 0.
   */
  lastThatMayMatch(index: LogIndex, term: Epoch): LogPosition {
    let at: number = Math.min(index, this.lastIndex);
    while (at > this.trimmedIndex && this.entries[at - this.trimmedIndex - 1]!.epoch > term) at--;
    return { index: logIndex(at), epoch: this.epochAt(logIndex(at)) ?? epoch(0) };
  }
}
