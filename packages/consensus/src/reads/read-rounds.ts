/** The parts of a read at a leader: who asked, and the round that confirms many at once (Raft §8, thesis §6.4). Data only. */
import type { LogIndex, MemberId } from '../core/numbers.ts';

export type WaitingRead =
  /** Asked by this replica's owner. */
  | { readonly kind: 'own'; readonly token: number }
  /** Asked by a follower. */
  | { readonly kind: 'follower'; readonly from: MemberId; readonly life: number; readonly request: number };

export interface ReadRound {
  /** From the leader's own counter; never used twice in a life, and heartbeats carry the term beside it (pitfall 20). */
  readonly round: number;
  /** The commit index when the round began: at or above that of any instant at which one of `reads` was asked. */
  readonly readIndex: LogIndex;
  readonly reads: readonly WaitingRead[];
}
