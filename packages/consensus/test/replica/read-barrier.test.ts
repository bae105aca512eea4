/** How rounds of reads are counted: once as failed, once as slow, whatever else becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READ_ELECTION_TIMEOUTS_MAX } from '../../src/replica/limits.ts';
import { ReadBarrier } from '../../src/replica/read-barrier.ts';

const ELECTION_TICKS = 10;

function barrierUnderTest() {
  const barrier = new ReadBarrier(ELECTION_TICKS);
  const tokens: number[] = [];
  const outcomes: string[] = [];
  const read = (): void => barrier.add((failure) => void outcomes.push(failure ?? 'readable'));
  const ask = (): number => {
    barrier.ask((token) => tokens.push(token));
    return tokens.at(-1)!;
  };
  return { barrier, outcomes, read, ask };
}

test('a round that fails and fails again is one failed round; the reads in it are answered in the end', () => {
  const { barrier, outcomes, read, ask } = barrierUnderTest();
  read();
  read();
  barrier.failed([ask()]);
  barrier.failed([ask()]);
  assert.deepEqual(barrier.counts, { readRoundsFailed: 1, readRoundsSlow: 0 });
  barrier.readable([ask()], 5, 5);
  assert.deepEqual(outcomes, ['readable', 'readable']);
  read();
  barrier.readable([ask()], 5, 5);
  assert.deepEqual(barrier.counts, { readRoundsFailed: 1, readRoundsSlow: 0 });
});

test('a round without an answer for an election timeout is slow, once, given up or not', () => {
  const { barrier, outcomes, read, ask } = barrierUnderTest();
  read();
  ask();
  for (let i = 0; i < ELECTION_TICKS; i++) barrier.tick(true);
  assert.equal(barrier.counts.readRoundsSlow, 0);
  barrier.tick(true);
  assert.equal(barrier.counts.readRoundsSlow, 1);
  for (let i = 0; i < READ_ELECTION_TIMEOUTS_MAX * ELECTION_TICKS; i++) barrier.tick(true);
  assert.deepEqual(outcomes, ['timeout']);
  assert.deepEqual(barrier.counts, { readRoundsFailed: 0, readRoundsSlow: 1 });
});

test('a round whose state never comes so far is slow too; one that the end of the member cuts off is not', () => {
  const { barrier, outcomes, read, ask } = barrierUnderTest();
  read();
  barrier.readable([ask()], 9, 5);
  for (let i = 0; i <= READ_ELECTION_TIMEOUTS_MAX * ELECTION_TICKS; i++) barrier.tick(true);
  assert.deepEqual(outcomes, ['timeout']);
  assert.equal(barrier.counts.readRoundsSlow, 1);
  read();
  barrier.stop();
  assert.deepEqual(outcomes, ['timeout', 'stopped']);
  assert.deepEqual(barrier.counts, { readRoundsFailed: 0, readRoundsSlow: 1 });
});
