/** A member without a leader says so after a while, with whom it cannot reach, and not all the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFacts } from '../../src/log/log.ts';
import { LeaderlessNotice } from '../../src/member/leaderless-notice.ts';
import { LEADERLESS_NOTICE_MS, LEADERLESS_REPEAT_MS } from '../../src/member/limits.ts';

function notice() {
  const said: [message: string, facts: LogFacts | undefined][] = [];
  const ignore = () => undefined;
  const leaderless = new LeaderlessNotice({
    log: {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (message, facts) => said.push([message, facts]),
    },
    founders: ['a', 'b', 'c'].map((name) => ({ id: `id-${name}`, name, peerUrls: [`http://${name}:1`] })),
    peers: () => [
      { peer: 'id-b', isConnected: true },
      { peer: 'id-c', isConnected: false },
    ],
  });
  return { leaderless, said };
}

test('says once who cannot be reached, and again after a long while', () => {
  const { leaderless, said } = notice();
  leaderless.tick(1_000, false);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS - 1, false);
  assert.deepEqual(said, []);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS, false);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS + 1, false);
  assert.deepEqual(said, [
    [
      'no leader for 5 s; a majority of the members must run and reach each other',
      { unreachable: ['c at http://c:1'] },
    ],
  ]);
  leaderless.tick(1_000 + LEADERLESS_NOTICE_MS + LEADERLESS_REPEAT_MS, false);
  assert.match(said[1]![0], /^no leader for 65 s;/);
});

test('a leader begins the count anew', () => {
  const { leaderless, said } = notice();
  for (let nowMs = 0; nowMs < 10 * LEADERLESS_NOTICE_MS; nowMs += LEADERLESS_NOTICE_MS - 1) {
    leaderless.tick(nowMs, false);
    leaderless.tick(nowMs + 1, true);
  }
  assert.deepEqual(said, []);
});
