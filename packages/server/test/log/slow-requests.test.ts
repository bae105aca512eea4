/** What the log says of slow requests: which, how long, and of many alike one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALL_AFTER, type Command, key, leaseId, NO_LEASE, revision } from '@synod/coordination';
import { EVERYTHING } from '../../../coordination/test/keyspace/everything.ts';
import type { LogFacts } from '../../src/log/log.ts';
import { commandText, rangeText } from '../../src/log/request-text.ts';
import { SlowRequests } from '../../src/log/slow-requests.ts';
import { TestCluster } from '../member/test-cluster.ts';

const PUT: Command = {
  module: 'keyspace',
  kind: 'put',
  key: key('config/\xc3\xa4'),
  value: Buffer.from('secret'),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
};
const DELETE: Command = {
  module: 'keyspace',
  kind: 'deleteRange',
  span: { from: key('a'), to: key('b') },
  previous: false,
};

function underTest() {
  const world = { nowMs: 0, lines: [] as (readonly [string, LogFacts | undefined])[] };
  const log = { warn: (message: string, facts?: LogFacts) => void world.lines.push([message, facts]) };
  return { world, slow: new SlowRequests({ applyMs: 100, requestMs: 300 }, log, () => world.nowMs) };
}

describe('slow requests', () => {
  test('are logged beyond their bound alone, and told to whoever counts them', () => {
    const { world, slow } = underTest();
    assert.equal(slow.applied(PUT, 100), false);
    assert.equal(slow.rangeAnswered(EVERYTHING, 99), false);
    slow.answered(PUT, 300);
    assert.deepEqual(world.lines, []);
    assert.equal(slow.applied(DELETE, 100.6), true);
    assert.equal(slow.rangeAnswered(EVERYTHING, 1234.4), true);
    slow.answered(PUT, 301);
    assert.deepEqual(world.lines, [
      [
        'apply request took too long',
        { took: '101ms', 'expected-duration': '100ms', request: 'delete from "a" to "b"' },
      ],
      [
        'apply request took too long',
        { took: '1234ms', 'expected-duration': '100ms', request: 'read-only range from "\\u0000" on' },
      ],
      [
        'request took too long',
        { took: '301ms', 'expected-duration': '300ms', request: 'put "config/ä", 6 bytes' },
      ],
    ]);
  });

  test('of a kind are one line a second, which says how many there were', () => {
    const { world, slow } = underTest();
    for (let i = 0; i < 1_000; i++) assert.equal(slow.applied(PUT, 200), true);
    slow.applied(DELETE, 200);
    assert.equal(world.lines.length, 2);
    world.nowMs = 1_000;
    slow.applied(PUT, 200);
    assert.equal(world.lines[2]?.[1]?.['more-since-the-last-line'], 999);
  });
});

test('requests in a line: keys, and how much; no value and no password', () => {
  const command = (of: unknown): string => commandText(of as Command);
  assert.equal(
    command({ module: 'keyspace', kind: 'compact', revision: revision(7) }),
    'compact at revision 7',
  );
  assert.equal(
    command({ module: 'keyspace', kind: 'transaction', compares: [1], success: [PUT, PUT], failure: [] }),
    'transaction of 1 compares, 2 operations if they hold, 0 else',
  );
  assert.equal(
    command({ module: 'leases', kind: 'revoke', id: leaseId('0000000000001234'), cause: 'asked' }),
    `revoke lease ${leaseId('0000000000001234')}`,
  );
  assert.equal(
    command({ module: 'leases', kind: 'checkpoint', remaining: [1, 2] }),
    'checkpoint of 2 leases',
  );
  assert.equal(
    command({ module: 'auth', kind: 'addUser', name: 'ann', password: 'secret' }),
    'auth: addUser',
  );
  assert.equal(command({ ...PUT, key: 'k'.repeat(1_000) }), `put "${'k'.repeat(128)}"…, 6 bytes`);
  const one = { ...EVERYTHING, span: { from: key('a'), to: undefined } };
  assert.equal(rangeText(one), 'range "a"');
  assert.equal(
    rangeText({ ...one, span: { from: key('a'), to: ALL_AFTER }, revision: 5, limit: 10, countOnly: true }),
    'range from "a" on, at revision 5, limit 10, count only',
  );
  assert.equal(rangeText({ ...one, keysOnly: true }), 'range "a", keys only');
});

test('a member says them of its own requests', { timeout: 60_000 }, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1, slowRequests: { applyMs: 0, requestMs: 0 } });
  const { client, lines } = cluster.members[0]!;
  await client.put('k', 'v');
  await lines.until((message) => message === 'request took too long');
  const isOfApply = (message: string): boolean => message === 'apply request took too long';
  const before = lines.count(isOfApply);
  assert.ok(before > 0);
  await client.get('k');
  assert.equal(lines.count(isOfApply), before + 1);
});
