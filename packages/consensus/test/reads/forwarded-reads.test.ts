/** Reads that a follower asked its leader about: asked again when the answer is late, and answered by whichever comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForwardedReads } from '../../src/reads/forwarded-reads.ts';

/** Every heartbeat is a tick: the follower asks again after two. */
const HEARTBEAT_TICKS = 1;
const LIFE = 1;

test('R12 R21 an answer that takes longer than the patience of the follower still counts', () => {
  const reads = new ForwardedReads(LIFE);
  // Every answer takes three ticks, and the follower asks again after two.
  const first = reads.ask([7]);
  assert.deepEqual(reads.tick(HEARTBEAT_TICKS), []);
  assert.deepEqual(reads.tick(HEARTBEAT_TICKS), [7]);
  const second = reads.ask([7]);
  assert.deepEqual(reads.tick(HEARTBEAT_TICKS), []);
  assert.deepEqual(reads.answered(first), [7]);
  // It ends once.
  assert.deepEqual(reads.answered(second), []);
});

test('R19 what was asked again is not asked a third time under its old number, and is forgotten in the end', () => {
  const reads = new ForwardedReads(LIFE);
  const first = reads.ask([7]);
  let asked = 0;
  for (let tick = 0; tick < 1_000; tick++) asked += reads.tick(HEARTBEAT_TICKS).length;
  assert.equal(asked, 1);
  assert.deepEqual(reads.answered(first), []);
});

test('R12 a change of leader fails each token once', () => {
  const reads = new ForwardedReads(LIFE);
  reads.ask([7]);
  for (let tick = 0; tick < 2; tick++) reads.tick(HEARTBEAT_TICKS);
  reads.ask([7]);
  assert.deepEqual(reads.clear(), [7]);
});
