/**
 * Raft behind the consensus interface: takes one input, hands it to the file that knows, and closes the step. Decides
 * nothing about consensus itself. Pure: time, randomness and I/O are inputs and effects.
 */
import { assert, unreachable } from '../core/assert.ts';
import type { ConsensusCore, CoreStatus, FollowerProgress, RecoveredLog } from '../core/core.ts';
import type { Effect, SnapshotMeta } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import { isJoint } from '../core/membership.ts';
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
import { noteApplied, snapshotMetaAt, trim } from './snapshot.ts';
import { RaftState } from './state.ts';
import { admit } from './terms.ts';
import { beginTransfer } from './transfer.ts';

export interface RaftOptions {
  readonly id: MemberId;
  /** What the journal holds. */
  readonly protocolRecovered: RecoveredLog;
  /** Default 10. */
  readonly electionTimeoutTicks?: number;
  /** Default 1. */
  readonly heartbeatTicks?: number;
  /** In [0, 1); the only source of randomness. */
  readonly random: () => number;
  /** Ask before standing for election. Default true. */
  readonly preVote?: boolean;
  readonly limits?: Partial<RaftLimits>;
  /**
   * The first election may come after this many ticks at the earliest, instead of a whole timeout, so that a fresh
   * cluster elects at once (etcd's initial-election-tick-advance). With pre-vote it cannot unseat a leader.
   */
  readonly initialElectionTicks?: number;
}

const DEFAULT_ELECTION_TIMEOUT_TICKS = 10;
const DEFAULT_HEARTBEAT_TICKS = 1;

/** Role × message, total: what is missing does not compile. */
const HANDLERS: { readonly [Kind in RoleKind]: MessageHandlers<RoleOf<Kind>> } = {
  follower: followerHandlers,
  preCandidate: preCandidateHandlers,
  candidate: candidateHandlers,
  leader: leaderHandlers,
};

/** How the table is called: the type system cannot see that role and message pick the handler made for them. */
type AnyHandler = (state: RaftState, role: RoleState, from: MemberId, message: RaftMessage) => void;

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
    const electionTimeoutTicks = options.electionTimeoutTicks ?? DEFAULT_ELECTION_TIMEOUT_TICKS;
    const heartbeatTicks = options.heartbeatTicks ?? DEFAULT_HEARTBEAT_TICKS;
    assert(heartbeatTicks >= 1, 'a heartbeat takes at least a tick');
    assert(electionTimeoutTicks > heartbeatTicks, 'an election timeout outlasts a heartbeat');
    this.id = options.id;
    this.state = new RaftState(
      options.id,
      {
        electionTimeoutTicks,
        heartbeatTicks,
        preVote: options.preVote ?? true,
        limits: { ...DEFAULT_RAFT_LIMITS, ...options.limits },
        random: options.random,
      },
      recover(options.protocolRecovered),
    );
    this.state.restartElectionTimer();
    if (options.initialElectionTicks !== undefined)
      this.state.electionDeadlineTicks += options.initialElectionTicks - electionTimeoutTicks;
  }

  step(input: Input): void {
    const state = this.state;
    switch (input.kind) {
      case 'message':
        this.receive(input.from, input.message as RaftMessage);
        break;
      case 'tick':
        this.tick();
        break;
      case 'propose':
        propose(state, input.payloads);
        break;
      case 'read':
        requestRead(state, input.token);
        break;
      case 'changeMembership': {
        const failure =
          state.role.kind === 'leader' ? changeMembership(state, state.role, input.change) : 'notLeader';
        if (failure !== undefined) state.outbox.push({ kind: 'changeRejected', reason: failure });
        break;
      }
      case 'transferLeadership':
        if (state.role.kind === 'leader') beginTransfer(state, state.role, input.to);
        break;
      case 'durable':
        this.durable(input.ticket);
        break;
      case 'applied':
        noteApplied(state, input.index);
        break;
      case 'trim':
        trim(state, input.index);
        break;
      case 'snapshotSent':
        if (state.role.kind === 'leader') {
          const progress = state.role.progress.get(input.to);
          if (progress?.state === 'snapshot') progress.snapshotEnded(input.index);
        }
        break;
      case 'unreachable':
        if (state.role.kind === 'leader') {
          const progress = state.role.progress.get(input.peer);
          if (progress?.state === 'replicate' && input.peer !== state.id) progress.becomeProbe();
        } else if (input.peer === state.leader) state.leaderUnreachable();
        break;
      case 'stalled':
        // Timers are as late as the stall was long: whoever followed waits a whole timeout again (pitfall 37).
        if (state.role.kind === 'follower') state.restartElectionTimer();
        else stepDown(state);
        break;
      default:
        unreachable(input);
    }
    this.endStep();
  }

  private receive(from: MemberId, message: RaftMessage): void {
    const state = this.state;
    if (!admit(state, from, message)) return;
    const handle = HANDLERS[state.role.kind][message.kind] as AnyHandler;
    handle(state, state.role, from, message);
  }

  private tick(): void {
    const state = this.state;
    const writing = state.outbox.lastTicket > state.outbox.durableTicket;
    state.diskSilenceTicks = writing ? state.diskSilenceTicks + 1 : 0;
    if (state.role.kind === 'leader') {
      tickLeader(state, state.role);
      return;
    }
    if (state.role.kind === 'follower') {
      tickFollower(state);
      return;
    }
    if (++state.electionElapsedTicks >= state.electionDeadlineTicks) campaign(state);
  }

  private durable(ticket: Ticket): void {
    const { state } = this;
    assert(ticket <= state.outbox.lastTicket, 'only what was asked for becomes durable');
    if (ticket <= state.outbox.durableTicket) return;
    state.outbox.durableTicket = ticket;
    state.diskSilenceTicks = 0;
    const grew = state.writes.completed(ticket);
    countOwnVote(state);
    if (grew && state.role.kind === 'leader') {
      // A leader counts its own log only as far as its disk holds it (R8, pitfall 25).
      state.role.progress.get(state.id)!.matchIndex = state.writes.durableIndex;
      advanceCommit(state, state.role);
    }
  }

  private endStep(): void {
    const state = this.state;
    handOutCommitted(state);
    state.outbox.endStep();
    const role = state.publicRole;
    const { reported } = state;
    if (reported.role !== role || reported.term !== state.term || reported.leader !== state.leader) {
      state.reported = { role, term: state.term, leader: state.leader };
      state.outbox.push({ kind: 'role', role, epoch: state.term, leader: state.leader });
    }
    assertCheapInvariants(state);
  }

  drain(): Effect[] {
    return this.state.outbox.drain();
  }

  status(): CoreStatus {
    const { state } = this;
    const leader = state.role.kind === 'leader' ? state.role : undefined;
    const { membership, index } = state.memberships.latest;
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
      membership,
      transferring: leader?.transfer !== undefined,
      changingMembership: leader !== undefined && (index > state.commitIndex || isJoint(membership)),
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
