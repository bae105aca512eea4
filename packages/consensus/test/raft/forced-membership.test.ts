/** Going on alone, when the others are gone for good (G9): what is written behind the log that there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../src/core/entry.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { decodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex, memberId } from '../../src/core/numbers.ts';
import { forcedMembership } from '../../src/raft/forced-membership.ts';
import { decodeHardState, encodeHardState } from '../../src/raft/hard-state.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => memberId(letter.padStart(16, '0'))) as [
  ReturnType<typeof memberId>,
  ReturnType<typeof memberId>,
  ReturnType<typeof memberId>,
];
const membership = simpleMembership({ voters: [A, B, C], learners: [] });
const snapshot = { index: logIndex(5), epoch: epoch(2), membership };
const entry = (index: number): Entry => ({
  index: logIndex(index),
  epoch: epoch(3),
  kind: 'command',
  payload: Uint8Array.of(index),
});

test('a membership of itself comes behind everything, in a term that nobody else has led', () => {
  const hardState = encodeHardState({ term: epoch(4), vote: B });
  const records = forcedMembership({ hardState, snapshot, entries: [entry(6), entry(7)] }, A);
  const [state, last] = records;
  assert.equal(records.length, 2);
  assert(state?.kind === 'hardState' && last?.kind === 'entry');
  assert.deepEqual(decodeHardState(state.state), { term: 5, vote: A });
  assert.deepEqual([last.entry.index, last.entry.epoch, last.entry.kind], [8, 5, 'membership']);
  assert.deepEqual(decodeMembership(last.entry.payload), simpleMembership({ voters: [A], learners: [] }));
});

test('behind a snapshot with no log after it; and nowhere, where nothing was decided', () => {
  const hardState = encodeHardState({ term: epoch(4), vote: undefined });
  const [, last] = forcedMembership({ hardState, snapshot, entries: [] }, A);
  assert(last?.kind === 'entry');
  assert.equal(last.entry.index, 6);
  assert.deepEqual(forcedMembership({ hardState: undefined, snapshot, entries: [] }, A), []);
});
