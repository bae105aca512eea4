/** Who is to lead next, of those that a leader hears from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowerProgress } from '../../src/core/core.ts';
import { heirOf } from '../../src/core/heir.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { logIndex } from '../../src/core/numbers.ts';
import { idOf } from '../harness/member-names.ts';

const membership = simpleMembership({ voters: [1, 2, 3, 4].map(idOf), learners: [idOf(5)] });

function follower(name: number, matchIndex: number, recentlyActive = true): FollowerProgress {
  const index = logIndex(matchIndex);
  return {
    id: idOf(name),
    matchIndex: index,
    nextIndex: index,
    inflightMessages: 0,
    inflightBytes: 0,
    state: 'replicate',
    recentlyActive,
  };
}

test('the heir is the voter with the longest log that was heard from', () => {
  const progress = [follower(2, 7), follower(3, 8), follower(4, 9, false), follower(5, 10)];
  assert.equal(heirOf({ role: 'leader', membership, progress }), idOf(3));
});

test('who is not fit is passed over, and of equals the first is taken', () => {
  const progress = [follower(2, 0), follower(3, 8), follower(4, 0)];
  assert.equal(
    heirOf({ role: 'leader', membership, progress }, (id) => id !== idOf(3)),
    idOf(2),
  );
});

test('without a follower that could lead there is no heir, and who does not lead has none to name', () => {
  assert.equal(heirOf({ role: 'leader', membership, progress: [follower(5, 9)] }), undefined);
  assert.equal(heirOf({ role: 'follower', membership, progress: [follower(2, 9)] }), undefined);
});
