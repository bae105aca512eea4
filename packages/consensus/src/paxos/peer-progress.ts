/**
 * What a leader knows of one member: which slots it has acknowledged at this ballot, and what is on its way to it. Slots
 * are independent: a gap holds nothing up. Sends nothing.
 */
import type { FollowerProgress } from '../core/core.ts';
import { type LogIndex, logIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import type { PaxosLimits } from './limits.ts';
import { SlotSet } from './slot-set.ts';

interface Inflight {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** Ticks since it was sent last. */
  ageTicks: number;
  /** At which age it is sent again; doubles with every try. */
  retryTicks: number;
}

export class PeerProgress {
  readonly id: MemberId;
  /** Slots that it holds durably at the leader's ballot, or knows chosen. Only grows. */
  readonly acked: SlotSet;
  /** What was chosen when this account began: nothing of it was sent, so nothing tells that the member holds it. */
  private readonly assumedUpTo: LogIndex;
  /** The first slot not yet sent. Monotonic. */
  nextSlot: number;
  /** Accepts that it has not acknowledged, by the order in which they were first sent. */
  inflight: Inflight[] = [];
  inflightBytes = 0;
  /** Everything up to here it knows chosen, and holds durably. Monotonic. */
  chosenUpTo: LogIndex = NO_INDEX;
  /** The highest commit index sent to it. Monotonic. */
  commitSent: LogIndex = NO_INDEX;
  /** The newest read round that it has confirmed. Monotonic. */
  confirmedRound = 0;
  /** Ticks since it was heard of. */
  silentTicks = 0;

  constructor(id: MemberId, commitIndex: LogIndex) {
    this.id = id;
    this.assumedUpTo = commitIndex;
    this.acked = new SlotSet(commitIndex);
    this.nextSlot = commitIndex + 1;
  }

  isFull({ inflightMessagesMax, inflightBytesMax }: PaxosLimits): boolean {
    return this.inflight.length >= inflightMessagesMax || this.inflightBytes >= inflightBytesMax;
  }

  sent(sending: { first: number; last: number; bytes: number; retryTicks: number }): void {
    this.inflight.push({ ...sending, ageTicks: 0 });
    this.inflightBytes += sending.bytes;
    this.nextSlot = sending.last + 1;
  }

  acknowledged(first: number, last: number): void {
    this.acked.add(first, last);
    this.dropWhere((sending) => {
      for (let slot = sending.first; slot <= sending.last; slot++) if (!this.acked.has(slot)) return false;
      return true;
    });
  }

  /** What it lost below the commit it can learn of anyone: the window is not kept for that. */
  giveUpChosen(commitIndex: LogIndex): void {
    this.dropWhere(({ last, ageTicks, retryTicks }) => last <= commitIndex && ageTicks >= retryTicks);
  }

  private dropWhere(isDone: (sending: Inflight) => boolean): void {
    if (!this.inflight.some(isDone)) return;
    this.inflight = this.inflight.filter((sending) => {
      if (!isDone(sending)) return true;
      this.inflightBytes -= sending.bytes;
      return false;
    });
  }

  view(electionTimeoutTicks: number): FollowerProgress {
    const holdsAssumed = this.chosenUpTo >= this.assumedUpTo;
    return {
      id: this.id,
      matchIndex: holdsAssumed ? logIndex(Math.max(this.chosenUpTo, this.acked.prefix)) : this.chosenUpTo,
      nextIndex: logIndex(this.nextSlot),
      inflightMessages: this.inflight.length,
      inflightBytes: this.inflightBytes,
      state: this.inflight.some(({ retryTicks, ageTicks }) => ageTicks >= retryTicks) ? 'probe' : 'replicate',
      recentlyActive: this.silentTicks < electionTimeoutTicks,
    };
  }
}
