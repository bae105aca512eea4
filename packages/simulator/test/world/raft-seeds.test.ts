/** Fixed seeds of Raft under the whole swarm: every rule that the checkers know, over restarts, losses and changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { World } from '../../src/world/world.ts';

const SEEDS = 200;
/** Seeds a test, so that a failure shows early and the report has a line now and then. */
const SEEDS_A_TEST = 50;

for (let first = 1; first <= SEEDS; first += SEEDS_A_TEST) {
  const last = first + SEEDS_A_TEST - 1;
  test(`R1 to R21, S1 to S8, C1 to C19 hold in the worlds of seeds ${first} to ${last}`, () => {
    let operations = 0;
    let elections = 0;
    let faults = 0;
    for (let seed = first; seed <= last; seed++) {
      const world = new World({ seed, protocol: raftUnderTest });
      try {
        world.run();
      } catch (error) {
        throw new Error(`npm run sim -- --seed ${seed} fails`, { cause: error });
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

test('a seed gives the same trace every time', () => {
  const digest = (seed: number): string => {
    const world = new World({ seed, protocol: raftUnderTest });
    world.run();
    return world.trace.digest();
  };
  for (const seed of [1, 2, 3]) assert.equal(digest(seed), digest(seed));
  assert.notEqual(digest(1), digest(2));
});
