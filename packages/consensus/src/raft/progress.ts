/**
 * What a leader knows of one member. Three states, as in etcd's Raft: `probe` looks for the last matching entry, one
 * append at a time; `replicate` sends ahead through a window; `snapshot` waits for a snapshot to arrive. Sends nothing.
 */
import { assert } from '../core/assert.ts';
import type { FollowerProgress } from '../core/core.ts';
import { type LogIndex, logIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import { Inflights, type Window } from './inflights.ts';

export class Progress {
  readonly id: MemberId;
  /** The member's durable log equals mine up to here. Monotonic while this leader lasts; raised by acknowledgements. */
  matchIndex: LogIndex = NO_INDEX;
  /** The first entry to send next; always above matchIndex. */
  nextIndex: LogIndex;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** In `probe`: an append is out; the next one waits for its answer, or for a sign of life. */
  probeSent = false;
  readonly inflights: Inflights;
  /** In `snapshot`: what the asked-for snapshot covers at least. */
  snapshotIndex: LogIndex = NO_INDEX;
  /** Ticks since it was heard of, or since it came. */
  quietTicks = 0;
  private readonly quietTicksMax: number;
  /**
   * A heartbeat of the clock went out and no append has been answered since: the answer to the heartbeat is then
   * the sign to ask again. (Read rounds send heartbeats too, and far more of them.)
   */
  silent = false;
  /** The highest commit index sent to it that it can have taken. Monotonic. */
  commitSent: LogIndex = NO_INDEX;
  /** The newest read round that it has confirmed. Monotonic while this leader lasts. */
  confirmedRound = 0;

  constructor(options: { id: MemberId; nextIndex: LogIndex; window: Window; quietTicksMax: number }) {
    this.id = options.id;
    this.nextIndex = options.nextIndex;
    this.inflights = new Inflights(options.window);
    this.quietTicksMax = options.quietTicksMax;
  }

  /** Whether it was heard of within an election timeout. */
  get recentlyActive(): boolean {
    return this.quietTicks < this.quietTicksMax;
  }

  get paused(): boolean {
    if (this.state === 'replicate') return this.inflights.full;
    return this.state === 'snapshot' || this.probeSent;
  }

  becomeProbe(): void {
    this.state = 'probe';
    this.probeSent = false;
    this.snapshotIndex = NO_INDEX;
    this.inflights.clear();
    this.nextIndex = logIndex(this.matchIndex + 1);
  }

  becomeReplicate(): void {
    this.state = 'replicate';
    this.probeSent = false;
    this.snapshotIndex = NO_INDEX;
    this.inflights.clear();
    this.nextIndex = logIndex(this.matchIndex + 1);
  }

  /**
   * The snapshot's transfer ended: with the snapshot of this index, or 0 if it failed. What comes next waits for a
   * sign of life, so that a failure is not repeated at once.
   */
  snapshotEnded(index: LogIndex): void {
    this.becomeProbe();
    this.nextIndex = logIndex(Math.max(this.nextIndex, index + 1));
    this.probeSent = true;
  }

  becomeSnapshot(index: LogIndex): void {
    this.state = 'snapshot';
    this.probeSent = false;
    this.snapshotIndex = index;
    this.inflights.clear();
  }

  /** Takes note of an acknowledgement. Returns whether it said anything new. */
  acknowledged(index: LogIndex): boolean {
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    if (this.nextIndex <= index) this.nextIndex = logIndex(index + 1);
    return true;
  }

  /**
   * Takes note of a rejection. Returns whether it is about what was sent last; an old one says nothing.
   * `tryAt` is the last position that may match.
   */
  rejected(rejectedIndex: LogIndex, tryAt: LogIndex): boolean {
    if (rejectedIndex <= this.matchIndex) return false;
    if (this.state === 'replicate') {
      this.becomeProbe();
      return true;
    }
    if (this.state === 'snapshot' || rejectedIndex !== this.nextIndex - 1) return false;
    this.nextIndex = logIndex(Math.max(Math.min(rejectedIndex, tryAt + 1), this.matchIndex + 1));
    this.probeSent = false;
    return true;
  }

  view(): FollowerProgress {
    assert(this.nextIndex > this.matchIndex, 'what is sent next lies above what matches');
    return {
      id: this.id,
      matchIndex: this.matchIndex,
      nextIndex: this.nextIndex,
      inflightMessages: this.inflights.count,
      inflightBytes: this.inflights.bytes,
      state: this.state,
      recentlyActive: this.recentlyActive,
    };
  }
}
