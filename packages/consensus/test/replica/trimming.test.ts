/** When the state is made durable and how far the log may go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type LogFacts,
  shouldPersist,
  type TrimmingOptions,
  trimTarget,
} from '../../src/replica/trimming.ts';

const OPTIONS: TrimmingOptions = { snapshotCount: 100, catchUpEntries: 20, logBytesMax: 10_000 };

const facts = (changed: Partial<LogFacts>): LogFacts => ({
  appliedIndex: 0,
  lastIndex: 0,
  trimmedIndex: 0,
  logBytes: 0,
  journalBytes: 0,
  ...changed,
});

test('the state is made durable after so many entries since the last time', () => {
  assert.equal(shouldPersist(facts({ appliedIndex: 99, lastIndex: 99 }), 0, OPTIONS), false);
  assert.equal(shouldPersist(facts({ appliedIndex: 100, lastIndex: 100 }), 0, OPTIONS), true);
  assert.equal(shouldPersist(facts({ appliedIndex: 150, lastIndex: 150 }), 100, OPTIONS), false);
});

test('a log too large in the heap is trimmed earlier, if that gives something back', () => {
  const large = facts({ appliedIndex: 50, lastIndex: 50, logBytes: 20_000 });
  assert.equal(shouldPersist(large, 0, OPTIONS), true);
  const unapplied = facts({ appliedIndex: 1, lastIndex: 1_000, logBytes: 20_000 });
  assert.equal(shouldPersist(unapplied, 0, OPTIONS), false);
});

test('a margin of entries stays, and of large entries only as many as half the bytes allow', () => {
  const small = facts({ appliedIndex: 200, lastIndex: 200, logBytes: 2_000 });
  assert.equal(trimTarget(small, 200, undefined, OPTIONS), 180);
  const large = facts({ appliedIndex: 200, lastIndex: 200, logBytes: 200 * 1_000 });
  assert.equal(trimTarget(large, 200, undefined, OPTIONS), 195);
});

test('the log behind a snapshot on its way is kept, unless it grows past every bound', () => {
  const kept = facts({ appliedIndex: 500, lastIndex: 500, logBytes: 5_000 });
  assert.equal(trimTarget(kept, 500, 130, OPTIONS), 130);
  const huge = facts({ appliedIndex: 500, lastIndex: 500, logBytes: 50_000 });
  assert(trimTarget(huge, 500, 130, OPTIONS) > 130);
});

test('R9 the trim is never above the durable state or what is applied', () => {
  const amount = fc.nat(1_000_000);
  fc.assert(
    fc.property(
      amount,
      amount,
      amount,
      amount,
      fc.option(amount, { nil: undefined }),
      (a, b, durable, bytes, needed) => {
        const appliedIndex = Math.min(a, b);
        const target = trimTarget(
          facts({ appliedIndex, lastIndex: Math.max(a, b), logBytes: bytes }),
          durable,
          needed,
          OPTIONS,
        );
        assert(target <= durable && target <= appliedIndex);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});
