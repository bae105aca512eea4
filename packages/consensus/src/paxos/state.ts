/**
 * Everything one Paxos replica knows, with the meaning of each field, and nothing of what it does: the role and concern
 * files read and write it. All of it is volatile unless said otherwise.
 */
import { assert } from '../core/assert.ts';
import type { CoreTiming } from '../core/core-options.ts';
import type { Role } from '../core/effects.ts';
import { isVoter, type Membership } from '../core/membership.ts';
import type { MembershipAt, Memberships } from '../core/memberships.ts';
import { type Epoch, type LogIndex, logIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import { Outbox } from '../core/outbox.ts';
import { RoleReport } from '../core/role-report.ts';
import { ForwardedReads } from '../reads/forwarded-reads.ts';
import type { AcceptedSlots } from './accepted-slots.ts';
import { encodeHardState } from './hard-state.ts';
import type { PaxosLimits } from './limits.ts';
import type { PaxosMessage, SlotRange } from './messages.ts';
import { FOLLOWER, type RoleState } from './role-state.ts';
import { SlotWrites } from './slot-writes.ts';

/** Options with every default filled in. */
export interface PaxosSettings extends CoreTiming {
  readonly limits: PaxosLimits;
  /** In [0, 1). The only randomness. */
  readonly random: () => number;
  /** This incarnation's mark in its ballots (P3). */
  readonly ballotTag: number;
}

/** What the past left: the result of recovery. */
export interface PaxosBeginnings {
  readonly promised: Epoch;
  readonly owner: MemberId | undefined;
  readonly slots: AcceptedSlots;
  readonly memberships: Memberships;
  readonly pendingMembership: MembershipAt | undefined;
  readonly commitIndex: LogIndex;
  /** What the hard state that was read says of that; at most `commitIndex`. */
  readonly recordedCommit: LogIndex;
  readonly unknown: readonly SlotRange[];
}

/** One round of asking who is there (election.ts). */
export interface PollRound {
  /** Monotonic within a life. */
  number: number;
  readonly replies: Map<MemberId, { readonly ballot: Epoch; readonly content: boolean }>;
  elapsedTicks: number;
  /** Where the round ends; drawn anew each time. */
  deadlineTicks: number;
}

/** What is known to be chosen elsewhere and not yet here (learner.ts). */
export interface Learning {
  /** Up to here it is chosen. Monotonic. */
  target: LogIndex;
  /** Who said so. */
  source: MemberId | undefined;
  /** Who was asked, if an answer is awaited. */
  asked: MemberId | undefined;
  /** Ticks until the next question. */
  waitTicks: number;
  /** Questions without an answer: the next goes to another member. */
  tries: number;
  /** Who is sending a snapshot: only it is asked meanwhile. */
  snapshotFrom: MemberId | undefined;
  /** How often it said so since the commit index rose last. */
  snapshotAnswers: number;
}

export class PaxosState {
  readonly id: MemberId;
  readonly settings: PaxosSettings;
  readonly outbox = new Outbox<PaxosMessage>();

  /** Nothing below is accepted. Monotonic; durable before anything is said on the strength of it (P4). */
  promised: Epoch;
  /** Whose ballot that is: another owner of the same number is refused. Durable with it. */
  owner: MemberId | undefined;
  /** The highest ballot heard of: where the next own one begins. Monotonic. */
  highestSeen: Epoch;
  /** Accepted and learned values; durable but for what `writes` lists. */
  readonly slots: AcceptedSlots;
  readonly writes = new SlotWrites();
  /** Slots above the commit of which this replica cannot say what it accepted (P16). Only shrinks. */
  unknown: readonly SlotRange[];
  /** Of chosen entries only: a slot is decided under the newest one below it (P13). */
  readonly memberships: Memberships;

  /**
   * A membership that was accepted here, and is not known to be chosen. Decides nothing: it only says whether to ask who is
   * there, for whoever it brings in may be the last to hear that it is chosen.
   */
  pendingMembership: MembershipAt | undefined;

  /** Every slot up to here is known chosen, and its value is here. Monotonic; durable when convenient. */
  commitIndex: LogIndex;
  /** What the newest hard state says of that. */
  recordedCommit: LogIndex;
  /** The owner was told to apply up to here. Monotonic; never above what is chosen and durable here. */
  applyingIndex: LogIndex;
  /** The owner has applied up to here. Monotonic; set by the `applied` input. */
  appliedIndex: LogIndex;
  /** The snapshot that the owner was told to restore and has not applied yet; nothing is applied meanwhile. */
  restoringIndex: LogIndex | undefined = undefined;

  role: RoleState = FOLLOWER;
  /** Who leads at `promised`, if it has shown itself. */
  leader: MemberId | undefined = undefined;
  /** Whether this replica sees a leader that works: what it answers to polls. Written by election.ts and acceptor.ts. */
  content = false;
  readonly poll: PollRound;
  readonly learning: Learning;
  /** Ticks for which a write has been waiting without any write becoming durable. */
  diskSilenceTicks = 0;

  /** The newest read round. Monotonic within a life, over all ballots that this replica leads at. */
  readRound = 0;
  readonly forwardedReads: ForwardedReads;

  readonly roleReport: RoleReport;
  /** What `isVoter` found last. */
  private vote: { readonly membership: Membership; readonly isVoter: boolean } | undefined = undefined;

  constructor(id: MemberId, settings: PaxosSettings, beginnings: PaxosBeginnings) {
    this.id = id;
    this.settings = settings;
    this.promised = beginnings.promised;
    this.owner = beginnings.owner;
    this.highestSeen = beginnings.promised;
    this.slots = beginnings.slots;
    this.memberships = beginnings.memberships;
    this.unknown = beginnings.unknown;
    this.pendingMembership = beginnings.pendingMembership;
    this.commitIndex = beginnings.commitIndex;
    this.recordedCommit = beginnings.recordedCommit;
    this.applyingIndex = beginnings.slots.trimmedIndex;
    this.appliedIndex = this.applyingIndex;
    this.forwardedReads = new ForwardedReads(Math.floor(settings.random() * 2 ** 48));
    this.poll = { number: 0, replies: new Map(), elapsedTicks: 0, deadlineTicks: 0 };
    this.learning = {
      target: NO_INDEX,
      source: undefined,
      asked: undefined,
      waitTicks: 0,
      tries: 0,
      snapshotFrom: undefined,
      snapshotAnswers: 0,
    };
    this.roleReport = new RoleReport(this.publicRole, this.promised);
  }

  /** In the newest membership, committed or not. Asked at every step, and looked up when the membership is another. */
  get isVoter(): boolean {
    const { membership } = this.memberships.latest;
    if (this.vote?.membership !== membership)
      this.vote = { membership, isVoter: isVoter(membership, this.id) };
    return this.vote.isVoter;
  }

  /** The role as others see it: a follower without a vote is a learner. */
  get publicRole(): Role {
    if (this.role.kind === 'follower' && !this.isVoter) return 'learner';
    return this.role.kind;
  }

  /** Chosen, and durable here: what may be applied, and what others may count on. Of a membership the news is durable too. */
  get durableCommit(): LogIndex {
    return logIndex(Math.min(this.commitIndex, this.writes.lowestOutstanding - 1));
  }

  /** Promises a higher ballot to its owner. */
  setPromise(ballot: Epoch, owner: MemberId): void {
    assert(ballot > this.promised, 'P4: a promise only rises');
    this.promised = ballot;
    this.owner = owner;
    this.sawBallot(ballot);
    this.outbox.writeHardState(this.hardState());
  }

  sawBallot(ballot: Epoch): void {
    if (ballot > this.highestSeen) this.highestSeen = ballot;
  }

  /**
   * Says in the journal that a membership is chosen, and counts on that only when it is durable: once the members that it
   * removes are gone, those who remain must still know after a restart, for they could not find it out again (P17).
   */
  recordMembershipChosen(slot: LogIndex): void {
    this.outbox.amendHardState(this.hardState());
    this.writes.began(this.outbox.lastTicket, { first: slot, last: slot });
  }

  /** Says in the journal how far slots are chosen, when something is being written anyway: a restart then knows (P14). */
  recordCommit(): void {
    if (this.recordedCommit < this.commitIndex && this.outbox.isWriting)
      this.outbox.amendHardState(this.hardState());
  }

  private hardState(): Uint8Array {
    this.recordedCommit = this.commitIndex;
    return encodeHardState({ promised: this.promised, owner: this.owner, chosenUpTo: this.commitIndex });
  }
}
