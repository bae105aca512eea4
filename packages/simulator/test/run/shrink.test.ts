/** Shrinking: a failing schedule gets shorter, breaks the same rule, and can be run again by the numbers that are left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { MUTANTS } from '../../src/mutants/catalogue.ts';
import { runSeed } from '../../src/run/run-seed.ts';
import { shrink } from '../../src/run/shrink.ts';

test('of many faults those are kept that the failure needs', () => {
  const mutant = MUTANTS.find(({ name }) => name === 'damage-taken-for-torn-tail')!;
  const options = { protocol: raftUnderTest, mutant };
  for (let seed = 1; seed <= 30; seed++) {
    const failing = runSeed(seed, options);
    if (failing.failure === undefined || failing.schedule.length < 5) continue;
    const shrunk = shrink(failing, (keep) => runSeed(seed, { ...options, keep }), 100);
    assert.ok(shrunk.keep.length < failing.schedule.length, 'some faults were not needed');
    assert.ok(shrunk.keep.length > 0, 'without damage there is no failure');
    const again = runSeed(seed, { ...options, keep: shrunk.keep });
    assert.equal(again.failure?.rule, failing.failure.rule);
    assert.equal(again.traceHash, shrunk.report.traceHash);
    return;
  }
  assert.fail('no seed failed');
});

test('R20 in worlds without faults nobody but the first leader ever leads', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const report = runSeed(seed, { protocol: raftUnderTest, faults: [] });
    assert.equal(report.failure, undefined);
    assert.equal(report.elections, 1, `seed ${seed}`);
  }
});
