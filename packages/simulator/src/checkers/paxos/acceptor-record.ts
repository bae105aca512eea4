/** What one member's disk holds of promises and slots, as far as its journal has vouched for it, over all its lives. */
import type { Entry, LogRecord, RecoveredLog } from '@synod/consensus';
import { decodeHardState } from '@synod/consensus/paxos/hard-state.ts';
import { require } from '../rule-broken.ts';
import { valueHash } from './value-hash.ts';

interface PendingWrite {
  readonly ticket: number;
  readonly records: readonly LogRecord[];
}

/** Hears of what becomes durable, record by record, after it did. */
export interface DiskListener {
  promiseDurable(before: number, promise: number): void;
  acceptDurable(entry: Entry, hash: number): void;
}

export class AcceptorRecord {
  readonly place: number;
  /** The promise that the disk holds for certain. */
  durablePromise = 0;
  /** By slot, what the disk holds for certain. What is trimmed stays: it was there. */
  readonly slots = new Map<number, Entry>();
  /** The snapshot that the disk's slots begin after. Rises. */
  snapshotIndex = 0;
  /**
   * Up to here the disk says that slots are chosen, beside what its snapshot covers: in its hard state, or because the
   * state machine's own part of the disk holds them.
   */
  durableChosen = 0;
  /** The highest ballot of a promise or an acceptance that left this member. Rises. */
  vouchedFor = 0;
  /** The highest ballot that it asked for itself, over all lives. Rises (P3). */
  openedBallot = 0;
  private readonly listener: DiskListener;
  private pending: PendingWrite[] = [];

  constructor(place: number, listener: DiskListener) {
    this.place = place;
    this.listener = listener;
  }

  asked(ticket: number, records: readonly LogRecord[]): void {
    this.pending.push({ ticket, records });
  }

  /** The journal said that this write, and every earlier one, is durable. */
  becameDurable(ticket: number): void {
    for (
      let first = this.pending[0];
      first !== undefined && first.ticket <= ticket;
      first = this.pending[0]
    ) {
      this.pending.shift();
      this.settle(first.records);
    }
  }

  /** A new life knows slots up to here to be chosen: it has nothing but the disk to know it from. */
  knowsChosen(index: number): void {
    if (index > this.durableChosen) this.durableChosen = index;
  }

  /** Whether the disk holds this value in every slot up to one, or a snapshot in their place. */
  holdsAll(upTo: number, chosen: readonly number[]): boolean {
    for (let slot = this.snapshotIndex + 1; slot <= upTo; slot++) {
      const entry = this.slots.get(slot);
      if (entry === undefined || valueHash(entry) !== chosen[slot]) return false;
    }
    return true;
  }

  /**
   * P4 over restarts: a new life reads back what was durable and, of what was on its way, any number of whole writes, the
   * oldest first.
   */
  recovered(found: RecoveredLog): void {
    const foundSlots = new Map<number, Entry>();
    for (const entry of found.entries) foundSlots.set(entry.index, entry);
    const promise = found.hardState === undefined ? 0 : decodeHardState(found.hardState).promised;
    const base = found.snapshot.index;
    while (promise !== this.durablePromise || !this.holdsJust(foundSlots, base)) {
      const next = this.pending.shift();
      require(next !== undefined, 'P4', () =>
        `m${this.place} reads back promise ${promise} and ${foundSlots.size} slots above ${base}, which its disk cannot hold: durable was promise ${this.durablePromise}`);
      this.settle(next.records);
    }
    this.pending = [];
    if (base > this.snapshotIndex) this.snapshotIndex = base;
  }

  private holdsJust(found: ReadonlyMap<number, Entry>, base: number): boolean {
    let above = 0;
    for (const [slot, entry] of this.slots) {
      if (slot <= base) continue;
      above++;
      const other = found.get(slot);
      if (other === undefined || other.epoch !== entry.epoch || valueHash(other) !== valueHash(entry))
        return false;
    }
    return above === found.size;
  }

  private settle(records: readonly LogRecord[]): void {
    for (const record of records)
      if (record.kind === 'hardState') {
        const before = this.durablePromise;
        const { promised, chosenUpTo } = decodeHardState(record.state);
        this.durablePromise = promised;
        this.knowsChosen(chosenUpTo);
        this.listener.promiseDurable(before, this.durablePromise);
      } else if (record.kind === 'snapshot')
        this.snapshotIndex = Math.max(this.snapshotIndex, record.meta.index);
      else {
        this.slots.set(record.entry.index, record.entry);
        this.listener.acceptDurable(record.entry, valueHash(record.entry));
      }
  }
}
