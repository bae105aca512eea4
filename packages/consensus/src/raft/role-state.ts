/** What a replica holds in each role and drops when it leaves it. All of it is volatile. */
import type { MemberId } from '../core/numbers.ts';
import type { LeaderReads } from '../reads/leader-reads.ts';
import type { LogPosition } from './log.ts';
import type { Append } from './messages.ts';
import type { Progress } from './progress.ts';

/** A follower, or a learner: a replica without a vote follows in just the same way. */
export interface FollowerRole {
  readonly kind: 'follower';
}

/** Whoever refuses this replica for its stale log, and what is asked of them: both kinds of campaign have it. */
export interface CatchUp {
  /** Who would vote for this replica if its log were as fresh as theirs, and where theirs ends. */
  readonly fresher: Map<MemberId, LogPosition>;
  /** Whose log is being pulled, and which pull it is; undefined: none is out. */
  pull: { readonly from: MemberId; readonly number: number } | undefined;
}

export interface PreCandidateRole extends CatchUp {
  readonly kind: 'preCandidate';
  /** Names this pre-campaign; no other has the same within a life (R14). */
  readonly campaign: number;
  /** Answers by member; its own is there from the start, for a pre-vote promises nothing. */
  readonly votes: Map<MemberId, boolean>;
}

export interface CandidateRole extends CatchUp {
  readonly kind: 'candidate';
  /** Answers by member, in the current term; its own comes when the vote is durable (pitfall 25). */
  readonly votes: Map<MemberId, boolean>;
}

export interface LeaderRole {
  readonly kind: 'leader';
  /** Everyone in the membership in force, itself included (of itself only matchIndex counts: what is durable here). */
  readonly progress: Map<MemberId, Progress>;
  /** `progress` as the quorum asks for it. Made once: it is called for every acknowledgement. */
  readonly matchOf: (member: MemberId) => number;
  /** Bytes of the entries above the commit index (R19). */
  uncommittedBytes: number;
  /** Ticks since the last heartbeat. */
  heartbeatElapsedTicks: number;
  /** To whom leadership is being handed, and for how long that has been tried (pitfall 33). */
  transfer: { readonly to: MemberId; elapsedTicks: number } | undefined;
  readonly reads: LeaderReads;
  /** The newest append made: followers that stand alike get the very same message, which is then encoded once. */
  newestAppend: Append | undefined;
}

export type RoleState = FollowerRole | PreCandidateRole | CandidateRole | LeaderRole;

export const FOLLOWER: FollowerRole = { kind: 'follower' };
