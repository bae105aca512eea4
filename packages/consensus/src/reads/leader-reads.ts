/**
 * The reads at a leader: those that wait, and the rounds that confirm many at once (Raft §8, thesis §6.4). When a round may
 * begin, and who confirms it, is the protocol's business. Sends nothing.
 */
import { assert } from '../core/assert.ts';
import { type LogIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import type { ReadQuestion } from './forwarded-reads.ts';
import type { ReadLimits } from './limits.ts';

export type WaitingRead =
  /** Asked by this replica's owner. */
  { readonly kind: 'own'; readonly token: number } | FollowerRead;

/** Asked by a follower. */
export interface FollowerRead {
  readonly kind: 'follower';
  readonly from: MemberId;
  readonly question: ReadQuestion;
}

export interface ReadRound {
  /** From the leader's own counter; never used twice in a life, and heartbeats carry the term or ballot beside it (pitfall 20). */
  readonly round: number;
  /** The commit index when the round began: at or above that of any instant at which one of `reads` was asked. */
  readonly readIndex: LogIndex;
  readonly reads: readonly WaitingRead[];
}

/** The reads of rounds that ended together. */
export interface ConfirmedReads {
  /** Tokens of the owner's. */
  readonly own: readonly number[];
  /** Rounds rise and so do their indexes: that of the last one serves all of `own`. */
  readonly readIndex: LogIndex;
  readonly followers: readonly { readonly read: FollowerRead; readonly readIndex: LogIndex }[];
}

export class LeaderReads {
  private readonly limits: ReadLimits;
  /** Reads that no round covers yet. */
  private readonly waiting: WaitingRead[] = [];
  /** Rounds that wait for a quorum; numbers and indexes rise. */
  private readonly rounds: ReadRound[] = [];

  constructor(limits: ReadLimits) {
    this.limits = limits;
  }

  /** Lets a read wait for the next round. Returns whether there was room. */
  admit(read: WaitingRead): boolean {
    if (this.waiting.length >= this.limits.readsWaitingMax) return false;
    this.waiting.push(read);
    return true;
  }

  /** Whether anything waits that another round may begin for. */
  get wantsRound(): boolean {
    return this.waiting.length > 0 && this.rounds.length < this.limits.readRoundsMax;
  }

  /** Begins a round for all that wait. */
  open(round: number, readIndex: LogIndex): void {
    this.rounds.push({ round, readIndex, reads: this.waiting.splice(0) });
  }

  /** Ends every round that is confirmed, oldest first: one that is, confirms all before it. Undefined if none is. */
  takeConfirmed(isConfirmed: (round: number) => boolean): ConfirmedReads | undefined {
    let done = 0;
    while (done < this.rounds.length && isConfirmed(this.rounds[done]!.round)) done++;
    if (done === 0) return undefined;
    const own: number[] = [];
    const followers: { readonly read: FollowerRead; readonly readIndex: LogIndex }[] = [];
    let readIndex = NO_INDEX;
    for (const round of this.rounds.splice(0, done)) {
      readIndex = round.readIndex;
      for (const read of round.reads)
        if (read.kind === 'own') own.push(read.token);
        else followers.push({ read, readIndex });
    }
    return { own, readIndex, followers };
  }

  /** The owner's reads that are not answered: a leader that goes must say so, for nobody after it will (pitfall 21). */
  get ownTokens(): number[] {
    const reads = [...this.rounds.flatMap((round) => round.reads), ...this.waiting];
    return reads.flatMap((read) => (read.kind === 'own' ? [read.token] : []));
  }

  /** The invariant, in the words of the protocol's rule. */
  assertRoundsRise(rule: string): void {
    for (let i = 1; i < this.rounds.length; i++) {
      assert(this.rounds[i]!.round > this.rounds[i - 1]!.round, `${rule}: rounds rise`);
      assert(
        this.rounds[i]!.readIndex >= this.rounds[i - 1]!.readIndex,
        `${rule}: read indexes rise with the rounds`,
      );
    }
  }
}
