/**
 * Multi-Paxos as a world sees it: how its core is made, and who watches every step of it. What is chosen is compared
 * where it is applied (P1, P10, in the command log); the rest of P1 to P17 is held by the core's own tests so far.
 */
import {
  type ConsensusCore,
  createPaxosCore,
  type Effect,
  type Input,
  PaxosCore,
  type PeerMessage,
  type RecoveredLog,
} from '@synod/consensus';
import {
  assertFullInvariants,
  assertStep,
  beforeStep,
  type StepBefore,
} from '@synod/consensus/paxos/invariants.ts';
import type { PaxosMessage } from '@synod/consensus/paxos/messages.ts';
import type { CoreWatcher, ProtocolChecker, ProtocolUnderTest } from '../protocol-under-test.ts';
import { RuleBroken, require } from '../rule-broken.ts';
import { AcceptorRecord } from './acceptor-record.ts';

export const paxosUnderTest: ProtocolUnderTest = {
  name: 'paxos',
  createCore: ({ id, incarnation, recovered, electionTimeoutTicks, random }) =>
    createPaxosCore({
      id,
      incarnation,
      protocolRecovered: recovered,
      electionTimeoutTicks,
      random,
      initialElectionTicks: 1,
    }),
  createChecker: () => new PaxosChecker(),
};

/** The invariants that look at every slot run at every so many steps. */
const STEPS_A_FULL_CHECK = 64;

class PaxosChecker implements ProtocolChecker {
  /** P3: ballot → the place and life that leads it. */
  private readonly leaders = new Map<number, string>();
  private readonly acceptors: AcceptorRecord[] = [];
  private lives = 0;

  get elections(): number {
    return this.leaders.size;
  }

  beginLife(place: number, core: ConsensusCore, recovered: RecoveredLog): CoreWatcher {
    if (!(core instanceof PaxosCore)) throw new RuleBroken('P3', `m${place} does not run Paxos`);
    let acceptor = this.acceptors[place];
    if (acceptor === undefined) {
      acceptor = new AcceptorRecord(place);
      this.acceptors[place] = acceptor;
    }
    acceptor.recovered(recovered);
    this.lives++;
    return new PaxosWatcher(core, acceptor, this.leaders, `m${place} in life ${this.lives}`);
  }

  unrest(): string | undefined {
    return undefined;
  }
}

class PaxosWatcher implements CoreWatcher {
  private readonly core: PaxosCore;
  private readonly acceptor: AcceptorRecord;
  private readonly leaders: Map<number, string>;
  private readonly life: string;
  private readonly sends = new WeakMap<PeerMessage, number>();
  private before: StepBefore | undefined;
  private steps = 0;

  constructor(core: PaxosCore, acceptor: AcceptorRecord, leaders: Map<number, string>, life: string) {
    this.core = core;
    this.acceptor = acceptor;
    this.leaders = leaders;
    this.life = life;
  }

  beforeStep(input: Input): void {
    this.before = beforeStep(this.core.state);
    if (input.kind === 'durable') this.acceptor.becameDurable(input.ticket);
  }

  drained(effects: readonly Effect[]): void {
    const { state } = this.core;
    for (const effect of effects) {
      if (effect.kind === 'write') this.acceptor.asked(effect.ticket, effect.records);
      else if (effect.kind === 'send') this.sends.set(effect.message, effect.after);
    }
    if (this.before !== undefined) assertStep(this.before, state);
    this.before = undefined;
    if (state.role.kind === 'leader') this.noteLeadership(state.promised);
    if (++this.steps % STEPS_A_FULL_CHECK === 0) assertFullInvariants(state);
  }

  leaves(peerMessage: PeerMessage): void {
    const message = peerMessage as PaxosMessage;
    const after = this.sends.get(message) ?? 0;
    // The replica lets it go, so the journal vouches for the write; what the next life recovers is held against that.
    if (after > 0) this.acceptor.becameDurable(after);
    if (message.kind === 'promise' || message.kind === 'accepted' || message.kind === 'prepare')
      this.acceptor.vouches(message.ballot);
  }

  private noteLeadership(ballot: number): void {
    const other = this.leaders.get(ballot);
    require(other === undefined || other === this.life, 'P3', () =>
      `${this.life} leads ballot ${ballot}, which ${other} led`);
    this.leaders.set(ballot, this.life);
  }
}
