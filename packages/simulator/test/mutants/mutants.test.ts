/**
 * The checkers' own test: bugs planted on purpose are found. The whole catalogue, rare ones included, is hunted by
 * `npm run sim -- --mutants`; here are those that few seeds suffice for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { MUTANTS } from '../../src/mutants/catalogue.ts';
import { runSeed } from '../../src/run/run-seed.ts';

/** Mutants that only rare worlds show; the hunt finds them in later seeds. */
const RARE: ReadonlySet<string> = new Set([
  'older-terms-counted',
  'commit-beyond-verified',
  'state-not-counted-on',
  'snapshot-without-membership',
  'watch-forgets-restore',
  'old-clock-still-heard',
  'progress-too-early',
  'rejection-raises-match',
  'pulled-without-matching',
  'pull-answer-taken-late',
  'renewal-not-logged',
  'lease-clock-not-announced',
]);
const SEEDS_MAX = 30;

for (const mutant of MUTANTS) {
  if (RARE.has(mutant.name)) continue;
  test(`${mutant.of} the planted bug ${mutant.name} is found`, () => {
    for (let seed = 1; seed <= SEEDS_MAX; seed++)
      if (runSeed(seed, { protocol: raftUnderTest, mutant }).failure !== undefined) return;
    assert.fail(`none of ${SEEDS_MAX} seeds found that ${mutant.what}`);
  });
}

test('every mutant has a name of its own', () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});
