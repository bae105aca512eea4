/**
 * What a proposer was told in phase 1, acceptor by acceptor, chunk by chunk, and what follows for each slot (P6). A
 * promise counts only when it is whole. Counts no quorum and sends nothing.
 */
import type { Entry } from '../core/entry.ts';
import { type LogIndex, logIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import type { PromiseChunk, SlotRange } from './messages.ts';

interface Promised {
  /** What comes next: everything from where the promise was asked for up to before this was reported. Rises. */
  nextFrom: number;
  whole: boolean;
  chosenUpTo: LogIndex;
  readonly entries: Map<number, Entry>;
  readonly unknown: SlotRange[];
}

export class Promises {
  private readonly byMember = new Map<MemberId, Promised>();
  /** Bound once: the quorum functions ask for every voter. */
  readonly isWhole = (member: MemberId): boolean => this.byMember.get(member)?.whole === true;

  /** Takes the next chunk of a promise asked for from `start`. Returns whether it was new. */
  take(member: MemberId, start: LogIndex, chunk: PromiseChunk): boolean {
    let promised = this.byMember.get(member);
    if (promised === undefined) {
      promised = { nextFrom: start, whole: false, chosenUpTo: NO_INDEX, entries: new Map(), unknown: [] };
      this.byMember.set(member, promised);
    }
    // A chunk that leaves slots out between itself and the last one says nothing about those.
    if (promised.whole || chunk.from > promised.nextFrom || chunk.upTo < promised.nextFrom - 1) return false;
    for (const entry of chunk.entries) promised.entries.set(entry.index, entry);
    promised.unknown.push(...chunk.unknown);
    promised.chosenUpTo = logIndex(Math.max(promised.chosenUpTo, chunk.chosenUpTo));
    promised.nextFrom = chunk.upTo + 1;
    promised.whole = !chunk.more;
    return true;
  }

  /** From which slot on to ask a member that has not told everything. */
  nextFrom(member: MemberId, start: LogIndex): LogIndex {
    return logIndex(this.byMember.get(member)?.nextFrom ?? start);
  }

  /** Up to where the whole promises know slots to be chosen: to be learned before anything is proposed. */
  get highestChosen(): LogIndex {
    let highest = NO_INDEX;
    for (const { whole, chosenUpTo } of this.byMember.values())
      if (whole && chosenUpTo > highest) highest = chosenUpTo;
    return highest;
  }

  /** Who can be asked for that. */
  get bestInformed(): MemberId | undefined {
    const highest = this.highestChosen;
    for (const [member, { whole, chosenUpTo }] of this.byMember)
      if (whole && chosenUpTo === highest) return member;
    return undefined;
  }

  /** The highest slot that any whole promise reports, whether its value is told or unknown. */
  get highestSlot(): number {
    let highest = 0;
    for (const { whole, entries, unknown } of this.byMember.values()) {
      if (!whole) continue;
      for (const slot of entries.keys()) if (slot > highest) highest = slot;
      for (const { last } of unknown) if (last > highest) highest = last;
    }
    return highest;
  }

  /** Whether a member promised, and can say what it accepted in this slot. */
  knows(member: MemberId, slot: number): boolean {
    const promised = this.byMember.get(member);
    return (
      promised?.whole === true && !promised.unknown.some(({ first, last }) => first <= slot && slot <= last)
    );
  }

  /** The value of the highest ballot in this slot, or undefined: then the proposer is free. */
  valueAt(slot: number): Entry | undefined {
    let best: Entry | undefined;
    for (const { whole, entries } of this.byMember.values()) {
      const entry = whole ? entries.get(slot) : undefined;
      if (entry !== undefined && (best === undefined || entry.epoch > best.epoch)) best = entry;
    }
    return best;
  }
}
