/**
 * Multi-Paxos behind the consensus interface: takes one input, hands it to the file that knows, and closes the step.
 * Decides nothing about consensus itself. Pure: time, randomness and I/O are inputs and effects.
 */
import { assert, unreachable } from '../core/assert.ts';
import type { ConsensusCore, CoreStatus, FollowerProgress, RecoveredLog } from '../core/core.ts';
import type { Effect, SnapshotMeta } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import type { MessageCodec } from '../core/messages.ts';
import type { LogIndex, MemberId, Ticket } from '../core/numbers.ts';
import { ballotTag } from './ballot.ts';
import { createPaxosCodec } from './codec.ts';
import { ownerUnreachable, restartRound, tickElection } from './election.ts';
import { assertCheapInvariants } from './invariants.ts';
import { propose, tickLeader } from './leader.ts';
import { advanceCommit } from './leader-commit.ts';
import { handOutCommitted, tickLearning } from './learner.ts';
import { DEFAULT_PAXOS_LIMITS, type PaxosLimits } from './limits.ts';
import { changeMembership, isChanging } from './membership-change.ts';
import { HANDLERS } from './message-handlers.ts';
import type { PaxosMessage, SlotRange } from './messages.ts';
import { countOwnPromise, tickCandidate } from './proposer.ts';
import { requestRead, retryReads } from './reads.ts';
import { recover } from './recovery.ts';
import { noteApplied, snapshotMetaAt, trim } from './snapshot.ts';
import { PaxosState } from './state.ts';
import { beginTransfer } from './transfer.ts';
import { stepDown } from './transitions.ts';

export interface PaxosOptions {
  readonly id: MemberId;
  /** Which life of the member this is: its ballots are told apart from those of other lives (P3). */
  readonly incarnation: number;
  /** What the journal holds. */
  readonly protocolRecovered: RecoveredLog;
  /** Slots of which the journal cannot say what they held (P16). Default none: a journal with damage does not open. */
  readonly unreadableSlots?: readonly SlotRange[];
  /** Default 10. */
  readonly electionTimeoutTicks?: number;
  /** Default 1. */
  readonly heartbeatTicks?: number;
  /** In [0, 1); the only source of randomness. */
  readonly random: () => number;
  readonly limits?: Partial<PaxosLimits>;
  /** The first round of asking ends after this many ticks, so that a fresh cluster elects at once. */
  readonly initialElectionTicks?: number;
}

const DEFAULT_ELECTION_TIMEOUT_TICKS = 10;
const DEFAULT_HEARTBEAT_TICKS = 1;

/** How the table is called: the type system cannot see that the kind picks the handler made for it. */
type AnyHandler = (state: PaxosState, from: MemberId, message: PaxosMessage) => void;

/** @throws MalformedBytes when what was recovered is of a version that this one cannot read. */
export function createPaxosCore(options: PaxosOptions): PaxosCore {
  return new PaxosCore(options);
}

export class PaxosCore implements ConsensusCore {
  readonly protocol = 'paxos';
  readonly id: MemberId;
  readonly codec: MessageCodec = createPaxosCodec();
  /** For invariants and tests; nobody else looks inside. */
  readonly state: PaxosState;

  constructor(options: PaxosOptions) {
    const electionTimeoutTicks = options.electionTimeoutTicks ?? DEFAULT_ELECTION_TIMEOUT_TICKS;
    const heartbeatTicks = options.heartbeatTicks ?? DEFAULT_HEARTBEAT_TICKS;
    assert(heartbeatTicks >= 1, 'a heartbeat takes at least a tick');
    assert(electionTimeoutTicks > heartbeatTicks, 'an election timeout outlasts a heartbeat');
    this.id = options.id;
    this.state = new PaxosState(
      options.id,
      {
        electionTimeoutTicks,
        heartbeatTicks,
        limits: { ...DEFAULT_PAXOS_LIMITS, ...options.limits },
        random: options.random,
        ballotTag: ballotTag(options.id, options.incarnation),
      },
      recover(options.protocolRecovered, options.unreadableSlots ?? []),
    );
    restartRound(this.state, options.initialElectionTicks);
    // What the journal knows to be chosen can be applied at once.
    handOutCommitted(this.state);
  }

  step(input: Input): void {
    const state = this.state;
    switch (input.kind) {
      case 'message': {
        const message = input.message as PaxosMessage;
        (HANDLERS[message.kind] as AnyHandler)(state, input.from, message);
        break;
      }
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
      case 'unreachable':
        if (input.peer === state.owner && state.role.kind === 'follower') ownerUnreachable(state);
        break;
      case 'snapshotSent':
        // Whoever lacks something asks for it again, and what is not acknowledged is sent again.
        break;
      case 'stalled':
        // Timers are as late as the stall was long: nobody is given up for what was not heard meanwhile (pitfall 37).
        if (state.role.kind !== 'follower') stepDown(state);
        restartRound(state);
        break;
      default:
        unreachable(input);
    }
    this.endStep();
  }

  private tick(): void {
    const state = this.state;
    const writing = state.outbox.lastTicket > state.outbox.durableTicket;
    state.diskSilenceTicks = writing ? state.diskSilenceTicks + 1 : 0;
    if (state.role.kind === 'leader') tickLeader(state, state.role);
    else if (state.role.kind === 'candidate') tickCandidate(state, state.role);
    else retryReads(state);
    tickLearning(state);
    tickElection(state);
  }

  private durable(ticket: Ticket): void {
    const { state } = this;
    assert(ticket <= state.outbox.lastTicket, 'only what was asked for becomes durable');
    if (ticket <= state.outbox.durableTicket) return;
    state.outbox.durableTicket = ticket;
    state.diskSilenceTicks = 0;
    const slots = state.writes.completed(ticket);
    countOwnPromise(state, ticket);
    if (state.role.kind !== 'leader' || slots.length === 0) return;
    // A leader counts its own acceptance only when its disk holds it (P5).
    const own = state.role.peers.get(state.id)!;
    for (const { first, last } of slots) own.acked.add(first, last);
    advanceCommit(state, state.role);
  }

  private endStep(): void {
    const state = this.state;
    handOutCommitted(state);
    state.recordCommit();
    state.outbox.endStep();
    const role = state.publicRole;
    const { reported } = state;
    if (reported.role !== role || reported.epoch !== state.promised || reported.leader !== state.leader) {
      state.reported = { role, epoch: state.promised, leader: state.leader };
      state.outbox.push({ kind: 'role', role, epoch: state.promised, leader: state.leader });
    }
    assertCheapInvariants(state);
  }

  drain(): Effect[] {
    return this.state.outbox.drain();
  }

  status(): CoreStatus {
    const { state } = this;
    const leader = state.role.kind === 'leader' ? state.role : undefined;
    const progress: FollowerProgress[] = [];
    if (leader !== undefined)
      for (const peer of leader.peers.values())
        if (peer.id !== state.id) progress.push(peer.view(state.settings.electionTimeoutTicks));
    return {
      role: state.publicRole,
      epoch: state.promised,
      leader: state.leader,
      commitIndex: state.commitIndex,
      appliedIndex: state.appliedIndex,
      lastIndex: state.slots.lastIndex,
      trimmedIndex: state.slots.trimmedIndex,
      membership: state.memberships.latest.membership,
      transferring: leader?.transfer !== undefined,
      changingMembership: leader !== undefined && isChanging(leader),
      progress,
    };
  }

  snapshotMeta(index: LogIndex): SnapshotMeta {
    return snapshotMetaAt(this.state, index);
  }

  logBytes(): number {
    return this.state.slots.bytes;
  }
}
