/** Seeds that failed once, each with what it was. A seed names another world after a change of the simulator; the reason stays true. */
import { test } from 'node:test';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import type { ProtocolUnderTest } from '../../src/checkers/protocol-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { World } from '../../src/world/world.ts';

const ONCE_FAILING: readonly (readonly [seed: number, protocol: ProtocolUnderTest, what: string])[] = [
  [203_960, paxosUnderTest, 'P15 one step confirms a read round and then puts another membership in force'],
  [213_964, raftUnderTest, 'C19 hundreds of leases end at one time, and one of them a tick'],
];

for (const [seed, protocol, what] of ONCE_FAILING)
  test(`${what} (${protocol.name}, seed ${seed})`, () => new World({ seed, protocol }).run());
