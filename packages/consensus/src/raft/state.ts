/**
 * Everything one Raft replica knows, with the meaning of each field, and nothing of what it does: the role and concern
 * files read and write it. All of it is volatile unless said otherwise.
 */
import { assert } from '../core/assert.ts';
import type { CoreTiming } from '../core/core-options.ts';
import type { Role } from '../core/effects.ts';
import { isVoter } from '../core/membership.ts';
import type { Memberships } from '../core/memberships.ts';
import type { Epoch, LogIndex, MemberId } from '../core/numbers.ts';
import { Outbox } from '../core/outbox.ts';
import { RoleReport } from '../core/role-report.ts';
import { ForwardedReads } from '../reads/forwarded-reads.ts';
import { encodeHardState } from './hard-state.ts';
import type { RaftLimits } from './limits.ts';
import type { RaftLog } from './log.ts';
import type { LogWrites } from './log-writes.ts';
import type { RaftMessage } from './messages.ts';
import { FOLLOWER, type RoleState } from './role-state.ts';

/** Options with every default filled in. A follower waits one to two election timeouts for its leader, at random (pitfall 38). */
export interface RaftSettings extends CoreTiming {
  readonly preVote: boolean;
  readonly limits: RaftLimits;
  /** In [0, 1). The only randomness. */
  readonly random: () => number;
}

/** What the past left: the result of recovery. */
export interface RaftBeginnings {
  readonly term: Epoch;
  readonly vote: MemberId | undefined;
  readonly log: RaftLog;
  readonly writes: LogWrites;
  readonly memberships: Memberships;
  /** The state machine was found to hold everything up to here. */
  readonly stateIndex: LogIndex;
}

export class RaftState {
  readonly id: MemberId;
  readonly settings: RaftSettings;
  readonly outbox = new Outbox<RaftMessage>();

  /** The newest term known. Monotonic; durable by `setTerm`, before any message that carries it. */
  term: Epoch;
  /** Who has this replica's vote in `term`. Set once a term; durable with it, before the vote is sent (R2). */
  vote: MemberId | undefined;
  /** Durable but for its newest part, see `writes`. Only a follower ever cuts it (R4). */
  readonly log: RaftLog;
  readonly writes: LogWrites;
  /** Follows `log`: written by membership-in-force.ts. */
  readonly memberships: Memberships;
  /** Whether the membership in force gives this replica a vote. Follows `memberships`. */
  selfIsVoter: boolean;

  /** The state machine was found to hold everything up to here at the start. A leader's log is sure to hold the same. */
  readonly stateIndexAtStart: LogIndex;
  /** Everything up to here is decided. Monotonic; starts at the snapshot. Written by commit.ts and snapshot.ts. */
  commitIndex: LogIndex;
  /** The owner was told to apply up to here. Monotonic; never above what is committed and durable here. */
  applyingIndex: LogIndex;
  /** The owner has applied up to here. Monotonic; set by the `applied` input. */
  appliedIndex: LogIndex;
  /** The snapshot that the owner was told to restore and has not applied yet, or undefined; nothing is applied meanwhile (pitfall 27). */
  restoringIndex: LogIndex | undefined = undefined;

  role: RoleState = FOLLOWER;
  /** The leader of `term`, if known. */
  leader: MemberId | undefined = undefined;
  /** Ticks since the leader was heard of, since a vote was given, or since a campaign began. A leader's stands still. */
  electionElapsedTicks = 0;
  /** Where the count ends; drawn anew at every try. */
  electionDeadlineTicks = 0;
  /** Ticks for which a write has been waiting without any write becoming durable (pitfall 31). */
  diskSilenceTicks = 0;

  /** The newest pre-campaign. Monotonic within a life. */
  campaign: number;
  /** The newest pull of another's log. Monotonic within a life; begins at random, so that an earlier life's answers count for nothing. */
  pulls: number;
  /** The newest read round. Monotonic within a life, over all terms that this replica leads. */
  readRound = 0;
  readonly forwardedReads: ForwardedReads;

  readonly roleReport: RoleReport;

  constructor(id: MemberId, settings: RaftSettings, beginnings: RaftBeginnings) {
    this.id = id;
    this.settings = settings;
    this.term = beginnings.term;
    this.vote = beginnings.vote;
    this.log = beginnings.log;
    this.writes = beginnings.writes;
    this.memberships = beginnings.memberships;
    this.selfIsVoter = isVoter(beginnings.memberships.latest.membership, id);
    this.stateIndexAtStart = beginnings.stateIndex;
    this.commitIndex = beginnings.log.trimmedIndex;
    this.applyingIndex = this.commitIndex;
    this.appliedIndex = this.commitIndex;
    this.campaign = Math.floor(settings.random() * 2 ** 32);
    this.pulls = this.campaign;
    this.forwardedReads = new ForwardedReads(Math.floor(settings.random() * 2 ** 48));
    this.roleReport = new RoleReport(this.publicRole, this.term);
  }

  /** The role as others see it: a follower without a vote is a learner. */
  get publicRole(): Role {
    if (this.role.kind === 'follower' && !this.selfIsVoter) return 'learner';
    return this.role.kind;
  }

  /** Enters a later term, in which nobody has this replica's vote yet. */
  setTerm(term: Epoch): void {
    assert(term > this.term, 'the term rises');
    this.term = term;
    this.vote = undefined;
    this.outbox.writeHardState(encodeHardState(this));
  }

  /** Gives this term's vote. */
  setVote(candidate: MemberId): void {
    assert(this.vote === undefined || this.vote === candidate, 'a vote is given to one candidate a term');
    if (this.vote === candidate) return;
    this.vote = candidate;
    this.outbox.writeHardState(encodeHardState(this));
  }

  /** Starts the count to the next election anew, to a new random end. */
  restartElectionTimer(): void {
    const { electionTimeoutTicks, random } = this.settings;
    this.electionElapsedTicks = 0;
    this.electionDeadlineTicks = electionTimeoutTicks + Math.floor(random() * electionTimeoutTicks);
  }

  /**
   * The link to the leader broke: most likely its process died. The silence that the timer waits for is as good as
   * over, only the random part is left, so that followers who notice at one instant do not all stand at the next. Safe, for
   * elections are whenever they begin; harmless where only the link broke, for the others still hear the leader and
   * refuse the pre-vote, and its next heartbeat starts the timer anew.
   */
  leaderUnreachable(): void {
    this.electionElapsedTicks = Math.max(this.electionElapsedTicks, this.settings.electionTimeoutTicks);
  }
}
