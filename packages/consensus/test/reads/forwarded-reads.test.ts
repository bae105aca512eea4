/** Reads that a follower asked its leader about: asked again when the answer is late, and answered by whichever comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForwardedReads } from '../../src/reads/forwarded-reads.ts';

const RETRY_TICKS = 2;

test('R12 R21 an answer that takes longer than the patience of the follower still counts', () => {
  const reads = new ForwardedReads();
  // Every answer takes three ticks, and the follower asks again after two.
  const first = reads.add([7]);
  assert.deepEqual(reads.tick(RETRY_TICKS), []);
  assert.deepEqual(reads.tick(RETRY_TICKS), [7]);
  const second = reads.add([7]);
  assert.deepEqual(reads.tick(RETRY_TICKS), []);
  assert.deepEqual(reads.answered(first), [7]);
  // It ends once.
  assert.equal(reads.answered(second), undefined);
});

test('R19 what was asked again is not asked a third time under its old number, and is forgotten in the end', () => {
  const reads = new ForwardedReads();
  const first = reads.add([7]);
  let asked = 0;
  for (let tick = 0; tick < 1_000; tick++) asked += reads.tick(RETRY_TICKS).length;
  assert.equal(asked, 1);
  assert.equal(reads.answered(first), undefined);
});

test('R12 a change of leader fails each token once', () => {
  const reads = new ForwardedReads();
  reads.add([7]);
  for (let tick = 0; tick < RETRY_TICKS; tick++) reads.tick(RETRY_TICKS);
  reads.add([7]);
  assert.deepEqual(reads.clear(), [7]);
});
