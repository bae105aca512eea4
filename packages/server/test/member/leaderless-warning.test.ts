/** The warning of a member without a leader names the peers that it cannot reach, as whoever runs them knows them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFacts } from '../../src/log/log.ts';
import { memberObserver } from '../../src/member/events.ts';

test('says how long, what to do, and who cannot be reached', () => {
  const said: [message: string, facts: LogFacts | undefined][] = [];
  const ignore = () => undefined;
  const observe = memberObserver(
    { debug: ignore, info: ignore, error: ignore, warn: (message, facts) => said.push([message, facts]) },
    { nameOf: () => undefined, describe: (id) => (id === 'id-c' ? 'c at http://c:1' : '') },
    { onFatal: assert.fail, onMalformed: assert.fail },
  );
  observe({ kind: 'leaderless', leaderlessMs: 5_020, unreachable: ['id-c'] });
  assert.deepEqual(said, [
    [
      'no leader for 5 s; a majority of the members must run and reach each other',
      { unreachable: ['c at http://c:1'] },
    ],
  ]);
});
