/** A member without a leader tells so after a while, with whom it cannot reach, and not all the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LeaderlessFacts, LeaderlessNotice } from '../../src/member/leaderless-notice.ts';
import { LEADERLESS_NOTICE_MS, LEADERLESS_REPEAT_MS } from '../../src/member/limits.ts';

function notice() {
  const told: LeaderlessFacts[] = [];
  const leaderless = new LeaderlessNotice({
    peers: () => [
      { peer: 'id-b', connectedSinceMs: 3 },
      { peer: 'id-c', connectedSinceMs: undefined },
    ],
    notify: (facts) => told.push(facts),
  });
  return { leaderless, told };
}

test('tells once who cannot be reached, and again after a long while', () => {
  const { leaderless, told } = notice();
  leaderless.tick(1_000, false);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS - 1, false);
  assert.equal(told.length, 0);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS, false);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS + 1, false);
  assert.deepEqual(told, [{ leaderlessMs: LEADERLESS_NOTICE_MS, unreachable: ['id-c'] }]);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS + LEADERLESS_REPEAT_MS, false);
  assert.equal(told[1]!.leaderlessMs, LEADERLESS_NOTICE_MS + LEADERLESS_REPEAT_MS);
});

test('a leader begins the count anew', () => {
  const { leaderless, told } = notice();
  for (let nowMs = 0; nowMs < 10 * LEADERLESS_NOTICE_MS; nowMs += LEADERLESS_NOTICE_MS - 1) {
    leaderless.tick(nowMs, false);
    leaderless.tick(nowMs + 1, true);
  }
  assert.deepEqual(told, []);
});
