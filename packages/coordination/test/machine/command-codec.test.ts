/** Command lists as bytes and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '@synod/consensus';
import { type Command, decodeCommands, encodeCommands, key, leaseId, NO_LEASE } from '@synod/coordination';
import fc from 'fast-check';
import { entries } from '../keyspace/random-commands.ts';

test('every list of commands comes back as it was', () => {
  fc.assert(
    fc.property(entries, (commands) =>
      // The clone has ordinary prototypes, unlike what is generated.
      assert.deepEqual(decodeCommands(encodeCommands(commands)), structuredClone(commands)),
    ),
    { seed: 3, numRuns: 500 },
  );
});

test('commands of leases, members and alarms come back as they were, names in any characters', () => {
  const id = leaseId('ffffffffffffff01');
  const commands: Command[] = [
    { module: 'leases', kind: 'revoke', id, cause: 'expired', epoch: 2 ** 40, grantNumber: 7 },
    {
      module: 'leases',
      kind: 'checkpoint',
      epoch: 3,
      word: 9,
      lastGrantNumber: 12,
      remaining: [{ id, remainingSeconds: 5 }],
    },
    {
      module: 'members',
      kind: 'publish',
      id: '00000000000000aa',
      name: 'größte 🐘',
      peerUrls: ['http://a:1', 'http://b:2'],
      clientUrls: [],
    },
    {
      module: 'alarms',
      kind: 'raise',
      alarm: { member: '00000000000000aa', kind: 'corrupt', isAutomatic: false },
    },
    {
      module: 'alarms',
      kind: 'clear',
      alarm: { member: 'ffffffffffffffff', kind: 'noSpace', isAutomatic: true },
    },
  ];
  assert.deepEqual(decodeCommands(encodeCommands(commands)), commands);
});

test('a value is a view on the bytes, so that a large one is not copied', () => {
  const value = new Uint8Array(1000).fill(7);
  const bytes = encodeCommands([
    {
      module: 'keyspace',
      kind: 'put',
      key: key('k'),
      value,
      lease: NO_LEASE,
      previous: false,
      keepValue: false,
      keepLease: false,
    },
  ]);
  const [put] = decodeCommands(bytes);
  assert.ok(put?.kind === 'put');
  assert.equal(put.value.buffer, bytes.buffer);
});

test('S9 a list of a later version is refused, not misread', () => {
  const bytes = encodeCommands([]);
  bytes[0] = 2;
  assert.throws(() => decodeCommands(bytes), MalformedBytes);
});

test('S10 a list that is cut anywhere is malformed', () => {
  fc.assert(
    fc.property(entries, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (commands, part) => {
      const bytes = encodeCommands(commands);
      const cut = bytes.subarray(0, Math.floor(bytes.length * part));
      assert.throws(() => decodeCommands(cut), MalformedBytes);
    }),
    { seed: 4, numRuns: 500 },
  );
});
