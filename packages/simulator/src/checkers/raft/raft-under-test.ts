/** Raft as a world sees it: how its core is made, and who watches every step of it. */
import {
  type ConsensusCore,
  createRaftCore,
  type Effect,
  type Input,
  type Membership,
  type PeerMessage,
  RaftCore,
  type RecoveredLog,
} from '@synod/consensus';
import {
  assertFullInvariants,
  assertStep,
  beforeStep,
  type StepBefore,
} from '@synod/consensus/raft/invariants.ts';
import type { RaftMessage } from '@synod/consensus/raft/messages.ts';
import type { CoreWatcher, ProtocolChecker, ProtocolUnderTest } from '../protocol-under-test.ts';
import { RuleBroken, require } from '../rule-broken.ts';
import { sends } from '../sends.ts';
import { checkAcknowledgedStays, noteAcknowledged, noteAcknowledgementLeaves } from './acknowledgements.ts';
import { checkCopies, noteCommit } from './commits.ts';
import { noteLeadership } from './elections.ts';
import { noteAppended } from './log-matching.ts';
import { checkChangeAllowed, noteMembershipChange } from './memberships.ts';
import { type BeforeQuestion, beforeQuestion, checkQuestion, QUESTIONS } from './questions.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { RunRecord } from './run-record.ts';
import { checkBirth, noteDurableTerm, noteVoteLeaves } from './votes.ts';

export const raftUnderTest: ProtocolUnderTest = {
  name: 'raft',
  createCore: (options) =>
    createRaftCore({
      id: options.id,
      protocolRecovered: options.recovered,
      electionTimeoutTicks: options.electionTimeoutTicks,
      random: options.random,
      initialElectionTicks: 1,
    }),
  createChecker: () => new RaftChecker(),
};

/** The invariants that look at the whole log run at every so many steps. */
const STEPS_A_FULL_CHECK = 64;

class RaftChecker implements ProtocolChecker {
  private readonly run = new RunRecord();

  get elections(): number {
    return this.run.leaders.size;
  }

  beginLife(place: number, core: ConsensusCore, recovered: RecoveredLog): CoreWatcher {
    if (!(core instanceof RaftCore)) throw new RuleBroken('R1', `m${place} does not run Raft`);
    const replica = this.run.replica(place);
    this.run.placeOf.set(core.id, place);
    replica.recovered(recovered, this.run.committedHash);
    checkBirth(replica, core.state);
    replica.core = core;
    replica.commitIndex = core.state.commitIndex;
    return new RaftWatcher(this.run, replica, core);
  }

  /** R19: what is counted as in flight is acknowledged in the end. */
  unrest(cores: readonly ConsensusCore[]): string | undefined {
    for (const core of cores)
      for (const { id, inflightMessages, inflightBytes } of core.status().progress)
        if (inflightMessages > 0 || inflightBytes > 0)
          return `${inflightMessages} messages and ${inflightBytes} bytes are in flight from ${core.id} to ${id}`;
    return undefined;
  }
}

class RaftWatcher implements CoreWatcher {
  private readonly run: RunRecord;
  private readonly replica: ReplicaRecord;
  private readonly core: RaftCore;
  private before: StepBefore | undefined;
  private question: BeforeQuestion | undefined;
  private membership: Membership;
  private membershipIndex: number;
  private steps = 0;

  constructor(run: RunRecord, replica: ReplicaRecord, core: RaftCore) {
    this.run = run;
    this.replica = replica;
    this.core = core;
    const { membership, index } = core.state.memberships.latest;
    this.membership = membership;
    this.membershipIndex = index;
  }

  beforeStep(input: Input): void {
    this.before = beforeStep(this.core.state);
    if (input.kind === 'durable') this.becameDurable(input.ticket);
    const isQuestion = input.kind === 'message' && QUESTIONS.has(input.message.kind);
    this.question = isQuestion ? beforeQuestion(this.core) : undefined;
  }

  drained(effects: readonly Effect[]): void {
    const { core, replica, run } = this;
    const { state } = core;
    for (const effect of effects) {
      if (effect.kind === 'write')
        replica.asked(effect.ticket, effect.records, run.committedHash, ({ entry }, hash) => {
          checkAcknowledgedStays(replica, state.term, entry.index);
          noteAppended(run, replica, entry, hash);
        });
      else if (effect.kind === 'send') {
        const message = effect.message as RaftMessage;
        if (effect.after > 0 || message.kind === 'voteResponse') sends.set(message, effect);
        if (message.kind === 'appendResponse') noteAcknowledged(replica, message.term, message.matchIndex);
      }
    }
    if (this.before !== undefined) assertStep(this.before, state);
    const led = this.before?.led === true || state.role.kind === 'leader';
    this.before = undefined;
    if (this.question !== undefined) checkQuestion(replica.place, this.question, core);
    this.question = undefined;
    if (state.role.kind === 'leader') {
      if (replica.leadingTerm !== state.term) noteLeadership(run, replica, state.term);
    } else replica.leadingTerm = 0;
    if (state.commitIndex > replica.commitIndex) noteCommit(run, replica, led);
    const { membership } = state.memberships.latest;
    if (membership !== this.membership) {
      if (state.role.kind === 'leader') {
        noteMembershipChange(replica.place, this.membership, membership);
        checkChangeAllowed(replica.place, core, this.membershipIndex);
      }
      this.membership = membership;
      this.membershipIndex = state.memberships.latest.index;
    }
    if (++this.steps % STEPS_A_FULL_CHECK === 0) assertFullInvariants(state);
  }

  leaves(peerMessage: PeerMessage): void {
    const message = peerMessage as RaftMessage;
    const { run, replica } = this;
    const send = sends.get(message);
    // The replica lets it go, so the journal vouches for the write; what the next life recovers is held against that.
    if (send !== undefined && send.after > 0) this.becameDurable(send.after);
    switch (message.kind) {
      case 'voteResponse':
        if (message.granted && send !== undefined) noteVoteLeaves(run, replica, message.term, send.to);
        return;
      case 'voteRequest':
        noteVoteLeaves(run, replica, message.term, this.core.id);
        return;
      case 'appendResponse':
        noteAcknowledgementLeaves(run, replica, message.term, message.matchIndex);
        return;
      case 'heartbeat':
        require(message.readRound >= replica.readRound, 'R12', () =>
          `the read rounds of m${replica.place} fall from ${replica.readRound} to ${message.readRound}`);
        replica.readRound = message.readRound;
        return;
      default:
        return;
    }
  }

  private becameDurable(ticket: number): void {
    if (this.replica.becameDurable(ticket)) checkCopies(this.run, this.replica.place);
    noteDurableTerm(this.run, this.replica);
  }
}
