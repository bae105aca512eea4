/** Members that are well are never called corrupt: the leader compares all the time, in worlds full of faults (K1, K5, K6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { World } from '../../src/world/world.ts';

const SEEDS = 40;
const CHECKS = { periodMs: 700, compactionPeriodMs: 900 };

for (const protocol of [raftUnderTest, paxosUnderTest])
  test(`S1 ${protocol.name}: no check finds a difference that is none, in the worlds of seeds 1 to ${SEEDS}`, () => {
    let comparisons = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World({ seed, protocol, sizes: { corruptionChecks: CHECKS } });
      try {
        world.run();
      } catch (error) {
        throw new Error(`the ${protocol.name} world of seed ${seed} fails with checks`, { cause: error });
      }
      for (const member of world.members) comparisons += member.comparisons;
    }
    assert.ok(comparisons > 10 * SEEDS, `${comparisons} comparisons`);
  });
