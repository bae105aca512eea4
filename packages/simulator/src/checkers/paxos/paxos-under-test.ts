/** Multi-Paxos as a world sees it: how its core is made, and which property hears of what. */
import {
  type ConsensusCore,
  createPaxosCore,
  DEFAULT_PAXOS_LIMITS,
  PaxosCore,
  type PaxosLimits,
  type RecoveredLog,
} from '@synod/consensus';
import type { CoreWatcher, ProtocolChecker, ProtocolUnderTest } from '../protocol-under-test.ts';
import { RuleBroken } from '../rule-broken.ts';
import { AcceptorRecord } from './acceptor-record.ts';
import { noteAccepted } from './chosen-values.ts';
import { PaxosWatcher } from './paxos-watcher.ts';
import { noteAcceptedAfterPromise, notePromiseDurable } from './promises-kept.ts';
import { checkQuorumsMeet } from './quorums-meet.ts';
import { PaxosRun } from './run-record.ts';
import { checkWindow } from './window.ts';

/** Small enough that windows fill (with eight commands and a change), and that promises and answers to learners come in several chunks. */
const TIGHT_LIMITS: PaxosLimits = {
  ...DEFAULT_PAXOS_LIMITS,
  windowSlotsMax: 9,
  messageBytesMax: 600,
  inflightMessagesMax: 16,
  applyBytesMax: 2_000,
};

const limitsOf = (hasTightLimits: boolean): PaxosLimits =>
  hasTightLimits ? TIGHT_LIMITS : DEFAULT_PAXOS_LIMITS;

export const paxosUnderTest: ProtocolUnderTest = {
  name: 'paxos',
  createCore: ({ id, incarnation, recovered, electionTimeoutTicks, hasTightLimits, random }) =>
    createPaxosCore({
      id,
      incarnation,
      protocolRecovered: recovered,
      electionTimeoutTicks,
      random,
      initialElectionTicks: 1,
      limits: limitsOf(hasTightLimits),
    }),
  createChecker: ({ hasTightLimits }) => new PaxosChecker(limitsOf(hasTightLimits)),
};

class PaxosChecker implements ProtocolChecker {
  private readonly run: PaxosRun;
  private readonly led = new Set<number>();
  private lives = 0;

  constructor({ windowSlotsMax }: PaxosLimits) {
    this.run = new PaxosRun(windowSlotsMax);
  }

  get elections(): number {
    return this.led.size;
  }

  beginLife(place: number, core: ConsensusCore, recovered: RecoveredLog): CoreWatcher {
    if (!(core instanceof PaxosCore)) throw new RuleBroken('P3', `m${place} does not run Paxos`);
    const { run } = this;
    if (run.memberships.length === 0) checkQuorumsMeet(recovered.snapshot.membership);
    run.enter(core.id, place, recovered.snapshot.membership);
    const acceptor = run.acceptors[place] ?? this.newAcceptor(place);
    run.acceptors[place] = acceptor;
    acceptor.recovered(recovered);
    acceptor.knowsChosen(core.state.commitIndex);
    this.lives++;
    const life = `m${place} in life ${this.lives}`;
    return new PaxosWatcher({ run, acceptor, core, life, led: (ballot) => this.led.add(ballot) });
  }

  private newAcceptor(place: number): AcceptorRecord {
    const { run } = this;
    const acceptor: AcceptorRecord = new AcceptorRecord(place, {
      promiseDurable: (before, promise) => notePromiseDurable(place, before, promise),
      acceptDurable: (entry, hash) => {
        noteAcceptedAfterPromise(run, acceptor, entry, hash);
        noteAccepted(run, place, entry, hash);
        checkWindow(run, place, entry.index);
      },
    });
    return acceptor;
  }

  unrest(cores: readonly ConsensusCore[]): string | undefined {
    for (const core of cores)
      for (const { id, inflightMessages, inflightBytes } of core.status().progress)
        if (inflightMessages > 0 || inflightBytes > 0)
          return `${inflightMessages} messages of ${inflightBytes} bytes are in flight from ${core.id} to ${id}`;
    return undefined;
  }
}
