/** Seeds that failed once, each with what it was. A seed names another world after a change of the simulator; the reason stays true. */
import { test } from 'node:test';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import type { ProtocolUnderTest } from '../../src/checkers/protocol-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { World } from '../../src/world/world.ts';

interface OnceFailing {
  readonly seed: number;
  readonly protocol: ProtocolUnderTest;
  readonly what: string;
  /** As worlds that are run side by side have them. */
  readonly errands?: true;
}

const STATE_AHEAD = 'R21 the only one with a snapshot knew less to be chosen than its state held';

const ONCE_FAILING: readonly OnceFailing[] = [
  {
    seed: 203_960,
    protocol: paxosUnderTest,
    what: 'P15 one step confirms a read round and then puts another membership in force',
  },
  {
    seed: 213_964,
    protocol: raftUnderTest,
    what: 'C19 hundreds of leases end at one time, and one of them a tick',
  },
  {
    seed: 309_702,
    protocol: raftUnderTest,
    what: 'C19 a keep-alive that was fourteen seconds on its way renews a lease after everything healed',
  },
  {
    seed: 408_855,
    protocol: paxosUnderTest,
    what: 'P6 a leader that was overtaken proposes by the membership before the one that its successor made',
  },
  {
    seed: 416_300,
    protocol: paxosUnderTest,
    what: 'P17 a new leader took up an old change before the one that it had just recovered was over',
  },
  { seed: 250, protocol: paxosUnderTest, errands: true, what: STATE_AHEAD },
  { seed: 1450, protocol: paxosUnderTest, errands: true, what: STATE_AHEAD },
];

for (const { seed, protocol, what, errands = false } of ONCE_FAILING)
  test(`${what} (${protocol.name}, seed ${seed})`, () => new World({ seed, protocol, errands }).run());
