/** Fixed seeds of Multi-Paxos under the whole swarm: every rule that the checkers know, over restarts, losses and changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import { World } from '../../src/world/world.ts';

const SEEDS = 200;
/** Seeds a test, so that a failure shows early and the report has a line now and then. */
const SEEDS_A_TEST = 50;

for (let first = 1; first <= SEEDS; first += SEEDS_A_TEST) {
  const last = first + SEEDS_A_TEST - 1;
  test(`P1 to P17, R19, R21, S1 to S8, C1 to C19 hold in the worlds of Paxos, seeds ${first} to ${last}`, () => {
    let operations = 0;
    let elections = 0;
    let faults = 0;
    for (let seed = first; seed <= last; seed++) {
      const world = new World({ seed, protocol: paxosUnderTest });
      try {
        world.run();
      } catch (error) {
        throw new Error(`npm run sim -- --protocol paxos --seed ${seed} fails`, { cause: error });
      }
      operations += world.operations.checked;
      elections += world.checker.elections;
      for (const count of world.injector.injected.values()) faults += count;
    }
    // Worlds in which nothing happens would prove nothing.
    assert.ok(operations > 50 * SEEDS_A_TEST, `operations were checked: ${operations}`);
    assert.ok(elections > 2 * SEEDS_A_TEST, `leaders were elected: ${elections}`);
    assert.ok(faults > 5 * SEEDS_A_TEST, `faults struck: ${faults}`);
  });
}
