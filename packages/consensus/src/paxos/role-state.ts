/** What a replica holds in each role and drops when it leaves it. All of it is volatile. */
import type { Membership } from '../core/membership.ts';
import type { LogIndex, MemberId, Ticket } from '../core/numbers.ts';
import type { LeaderReads } from '../reads/leader-reads.ts';
import type { Accept } from './messages.ts';
import type { PeerProgress } from './peer-progress.ts';
import type { Promises } from './promises.ts';

/** An acceptor and learner; without a vote it does just the same. */
export interface FollowerRole {
  readonly kind: 'follower';
}

/** A proposer in phase 1. Its ballot is what it has promised itself. */
export interface CandidateRole {
  readonly kind: 'candidate';
  readonly promises: Promises;
  /** The first slot that the promises are asked about. */
  readonly from: LogIndex;
  /** The write of its own promise, which counts once it is durable. */
  readonly ownPromise: Ticket;
  /** Ticks since a promise came or a slot was learned. */
  idleTicks: number;
  /** Ticks since it asked last. */
  askedTicks: number;
}

/** A change of membership that is proposed and not yet chosen: nothing is assigned above it. */
export interface StopSlot {
  readonly slot: LogIndex;
  readonly membership: Membership;
}

/** Members that a change removed, who are told last (P17). */
export interface Retirement {
  readonly slot: LogIndex;
  readonly members: readonly MemberId[];
  ageTicks: number;
}

/** A proposer in phase 2. */
export interface LeaderRole {
  readonly kind: 'leader';
  /** Kept: a change of membership asks for a phase-1 quorum of the new one among them. */
  readonly promises: Promises;
  /** The first slot that members not yet in `promises` are asked about. Rises. */
  promisesFrom: LogIndex;
  /** The next slot to assign. Monotonic. */
  nextSlot: LogIndex;
  /** Whether slots that earlier ballots may have filled are still to be proposed again; new ones wait. */
  recovering: boolean;
  /** The highest slot that was recovered: no read before it is committed (P15). */
  recoveredTop: LogIndex;
  stopSlot: StopSlot | undefined;
  retirement: Retirement | undefined;
  /** Everyone whom it sends to, itself included (of itself only `acked` counts: what is durable here). */
  readonly peers: Map<MemberId, PeerProgress>;
  /** Admitted, and waiting for a slot. */
  backlog: Uint8Array[];
  backlogBytes: number;
  /** Bytes of the slots above the commit index. */
  uncommittedBytes: number;
  heartbeatElapsedTicks: number;
  /** To whom leadership is being handed, and for how long that has been tried (pitfall 33). */
  transfer: { readonly to: MemberId; elapsedTicks: number } | undefined;
  readonly reads: LeaderReads;
  /** The newest Accept made: members that stand alike get the very same message, which is then encoded once. */
  newestAccept: Accept | undefined;
}

export type RoleState = FollowerRole | CandidateRole | LeaderRole;

export const FOLLOWER: FollowerRole = { kind: 'follower' };
