/**
 * Raft behind the consensus interface: takes one input, hands it to the file that knows, and closes the step. Decides
 * nothing about consensus itself. Pure: time, randomness and I/O are inputs and effects.
 */
import { noteApplied } from '../core/applying.ts';
import type { ConsensusCore, CoreStatus, FollowerProgress } from '../core/core.ts';
import { type CoreOptions, coreTiming } from '../core/core-options.ts';
import type { Effect, SnapshotMeta } from '../core/effects.ts';
import { handleInput, type InputHandlers } from '../core/input-handlers.ts';
import type { Input } from '../core/inputs.ts';
import type { MessageCodec } from '../core/messages.ts';
import type { LogIndex, MemberId, Ticket } from '../core/numbers.ts';
import { candidateHandlers } from './candidate.ts';
import { createRaftCodec } from './codec.ts';
import { handOutCommitted } from './commit.ts';
import { campaign, countOwnVote } from './election.ts';
import { followerHandlers, tickFollower } from './follower.ts';
import { assertCheapInvariants } from './invariants.ts';
import { leaderHandlers } from './leader.ts';
import { advanceCommit } from './leader-commit.ts';
import { stepDown, tickLeader } from './leader-time.ts';
import { DEFAULT_RAFT_LIMITS, type RaftLimits } from './limits.ts';
import { changeMembership } from './membership-change.ts';
import type { MessageHandlers, RoleKind, RoleOf } from './message-handlers.ts';
import type { RaftMessage } from './messages.ts';
import { preCandidateHandlers } from './pre-candidate.ts';
import { propose } from './propose.ts';
import { requestRead } from './reads.ts';
import { recover } from './recovery.ts';
import type { RoleState } from './role-state.ts';
import { snapshotMetaAt, trim } from './snapshot.ts';
import { RaftState } from './state.ts';
import { admit } from './terms.ts';
import { beginTransfer } from './transfer.ts';

export interface RaftOptions extends CoreOptions {
  /** Ask before standing for election. Default true. */
  readonly preVote?: boolean;
  readonly limits?: Partial<RaftLimits>;
  /**
   * The first election may come after this many ticks at the earliest, instead of a whole timeout, so that a fresh
   * cluster elects at once (etcd's initial-election-tick-advance). With pre-vote it cannot unseat a leader.
   */
  readonly initialElectionTicks?: number;
}

/** What is done with each input; with a message, see MESSAGES. */
const INPUTS: InputHandlers<RaftState> = {
  message: (state, { from, message }) => receive(state, from, message as RaftMessage),
  tick,
  propose: (state, { payloads }) => propose(state, payloads),
  read: (state, { token }) => requestRead(state, token),
  changeMembership: (state, { change }) => {
    const { role, outbox } = state;
    const failure = role.kind === 'leader' ? changeMembership(state, role, change) : 'notLeader';
    if (failure !== undefined) outbox.push({ kind: 'changeRejected', reason: failure });
  },
  transferLeadership: (state, { to }) => {
    if (state.role.kind === 'leader') beginTransfer(state, state.role, to);
  },
  durable: (state, { ticket }) => durable(state, ticket),
  applied: (state, { index }) => noteApplied(state, index),
  trim: (state, { index }) => trim(state, index),
  snapshotSent: (state, { to, index }) => {
    const progress = state.role.kind === 'leader' ? state.role.progress.get(to) : undefined;
    if (progress?.state === 'snapshot') progress.snapshotEnded(index);
  },
  unreachable: (state, { peer }) => {
    if (state.role.kind === 'leader') {
      const progress = state.role.progress.get(peer);
      if (progress?.state === 'replicate' && peer !== state.id) progress.becomeProbe();
    } else if (peer === state.leader) state.leaderUnreachable();
  },
  stalled: (state) => {
    // Timers are as late as the stall was long: whoever followed waits a whole timeout again (pitfall 37).
    if (state.role.kind === 'follower') state.restartElectionTimer();
    else stepDown(state);
  },
};

/** Role × message, total: what is missing does not compile. */
const MESSAGES: { readonly [Kind in RoleKind]: MessageHandlers<RoleOf<Kind>> } = {
  follower: followerHandlers,
  preCandidate: preCandidateHandlers,
  candidate: candidateHandlers,
  leader: leaderHandlers,
};

/** How the table is called: the type system cannot see that role and message pick the handler made for them. */
type AnyHandler = (state: RaftState, role: RoleState, from: MemberId, message: RaftMessage) => void;

function receive(state: RaftState, from: MemberId, message: RaftMessage): void {
  if (!admit(state, from, message)) return;
  const handle = MESSAGES[state.role.kind][message.kind] as AnyHandler;
  handle(state, state.role, from, message);
}

function tick(state: RaftState): void {
  state.diskSilenceTicks = state.outbox.awaitsDisk ? state.diskSilenceTicks + 1 : 0;
  if (state.role.kind === 'leader') tickLeader(state, state.role);
  else if (state.role.kind === 'follower') tickFollower(state);
  else if (++state.electionElapsedTicks >= state.electionDeadlineTicks) campaign(state);
}

function durable(state: RaftState, ticket: Ticket): void {
  if (!state.outbox.becameDurable(ticket)) return;
  state.diskSilenceTicks = 0;
  const grew = state.writes.completed(ticket);
  countOwnVote(state);
  if (!grew || state.role.kind !== 'leader') return;
  // A leader counts its own log only as far as its disk holds it (R8, pitfall 25).
  state.role.progress.get(state.id)!.matchIndex = state.writes.durableIndex;
  advanceCommit(state, state.role);
}

function endStep(state: RaftState): void {
  handOutCommitted(state);
  state.outbox.endStep();
  state.roleReport.tell(state.outbox, state.publicRole, state.term, state.leader);
  assertCheapInvariants(state);
}

/** @throws MalformedBytes when what was recovered is of a version that this one cannot read. */
export function createRaftCore(options: RaftOptions): RaftCore {
  return new RaftCore(options);
}

export class RaftCore implements ConsensusCore {
  readonly protocol = 'raft';
  readonly id: MemberId;
  readonly codec: MessageCodec = createRaftCodec();
  /** For invariants and tests; nobody else looks inside. */
  readonly state: RaftState;

  constructor(options: RaftOptions) {
    const timing = coreTiming(options);
    this.id = options.id;
    this.state = new RaftState(
      options.id,
      {
        ...timing,
        preVote: options.preVote ?? true,
        limits: { ...DEFAULT_RAFT_LIMITS, ...options.limits },
        random: options.random,
      },
      recover(options.protocolRecovered),
    );
    this.state.restartElectionTimer();
    if (options.initialElectionTicks !== undefined)
      this.state.electionDeadlineTicks += options.initialElectionTicks - timing.electionTimeoutTicks;
  }

  step(input: Input): void {
    handleInput(INPUTS, this.state, input);
    endStep(this.state);
  }

  drain(): Effect[] {
    return this.state.outbox.drain();
  }

  status(): CoreStatus {
    const { state } = this;
    const leader = state.role.kind === 'leader' ? state.role : undefined;
    const progress: FollowerProgress[] = [];
    if (leader !== undefined)
      for (const follower of leader.progress.values())
        if (follower.id !== state.id) progress.push(follower.view());
    return {
      role: state.publicRole,
      epoch: state.term,
      leader: state.leader,
      commitIndex: state.commitIndex,
      appliedIndex: state.appliedIndex,
      lastIndex: state.log.lastIndex,
      trimmedIndex: state.log.trimmedIndex,
      membership: state.memberships.latest.membership,
      transferring: leader?.transfer !== undefined,
      progress,
    };
  }

  snapshotMeta(index: LogIndex): SnapshotMeta {
    return snapshotMetaAt(this.state, index);
  }

  logBytes(): number {
    return this.state.log.bytes;
  }
}
