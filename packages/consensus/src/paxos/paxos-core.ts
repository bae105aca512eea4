/**
 * Multi-Paxos behind the consensus interface: takes one input, hands it to the file that knows, and closes the step.
 * Decides nothing about consensus itself. Pure: time, randomness and I/O are inputs and effects.
 */
import { noteApplied } from '../core/applying.ts';
import type { ConsensusCore, CoreStatus, FollowerProgress } from '../core/core.ts';
import { type CoreOptions, coreTiming } from '../core/core-options.ts';
import type { Effect, SnapshotMeta } from '../core/effects.ts';
import { handleInput, type InputHandlers } from '../core/input-handlers.ts';
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
import { changeMembership } from './membership-change.ts';
import { HANDLERS } from './message-handlers.ts';
import type { PaxosMessage, SlotRange } from './messages.ts';
import { countOwnPromise, tickCandidate } from './proposer.ts';
import { requestRead, retryReads } from './reads.ts';
import { recover } from './recovery.ts';
import { snapshotMetaAt, trim } from './snapshot.ts';
import { PaxosState } from './state.ts';
import { beginTransfer } from './transfer.ts';
import { stepDown } from './transitions.ts';

export interface PaxosOptions extends CoreOptions {
  /** Which life of the member this is: its ballots are told apart from those of other lives (P3). */
  readonly incarnation: number;
  /** Slots of which the journal cannot say what they held (P16). Default none: a journal with damage does not open. */
  readonly unreadableSlots?: readonly SlotRange[];
  readonly limits?: Partial<PaxosLimits>;
  /** The first round of asking ends after this many ticks, so that a fresh cluster elects at once. */
  readonly initialElectionTicks?: number;
}

/** What is done with each input; with a message, see message-handlers.ts. */
const INPUTS: InputHandlers<PaxosState> = {
  message: (state, { from, message }) => receive(state, from, message as PaxosMessage),
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
  // Whoever lacks something asks for it again, and what is not acknowledged is sent again.
  snapshotSent: () => {},
  unreachable: (state, { peer }) => {
    if (peer === state.owner && state.role.kind === 'follower') ownerUnreachable(state);
  },
  stalled: (state) => {
    // Timers are as late as the stall was long: nobody is given up for what was not heard meanwhile (pitfall 37).
    if (state.role.kind !== 'follower') stepDown(state);
    restartRound(state);
  },
};

/** How the table of messages is called: the type system cannot see that the kind picks the handler made for it. */
type AnyHandler = (state: PaxosState, from: MemberId, message: PaxosMessage) => void;

function receive(state: PaxosState, from: MemberId, message: PaxosMessage): void {
  const handle = HANDLERS[message.kind] as AnyHandler;
  handle(state, from, message);
}

function tick(state: PaxosState): void {
  state.diskSilenceTicks = state.outbox.awaitsDisk ? state.diskSilenceTicks + 1 : 0;
  if (state.role.kind === 'leader') tickLeader(state, state.role);
  else if (state.role.kind === 'candidate') tickCandidate(state, state.role);
  else retryReads(state);
  tickLearning(state);
  tickElection(state);
}

function durable(state: PaxosState, ticket: Ticket): void {
  if (!state.outbox.becameDurable(ticket)) return;
  state.diskSilenceTicks = 0;
  const slots = state.writes.completed(ticket);
  countOwnPromise(state, ticket);
  if (state.role.kind !== 'leader' || slots.length === 0) return;
  // A leader counts its own acceptance only when its disk holds it (P5).
  const own = state.role.peers.get(state.id)!;
  for (const { first, last } of slots) own.acked.add(first, last);
  advanceCommit(state, state.role);
}

function endStep(state: PaxosState): void {
  handOutCommitted(state);
  state.recordCommit();
  state.outbox.endStep();
  state.roleReport.tell(state.outbox, state.publicRole, state.promised, state.leader);
  assertCheapInvariants(state);
}

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
    this.id = options.id;
    this.state = new PaxosState(
      options.id,
      {
        ...coreTiming(options),
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
