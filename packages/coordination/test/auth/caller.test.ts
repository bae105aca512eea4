/** Who stands behind a command, as bytes beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AuthCommand,
  type Command,
  decodeCommands,
  encodeCommands,
  key,
  NO_LEASE,
  OWN_RESOLVE,
} from '@synod/coordination';
import { decodeCaller } from '../../src/machine/command-codec.ts';

const PUT: Command = {
  module: 'keyspace',
  kind: 'put',
  key: key('k'),
  value: Uint8Array.of(1, 2),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
};

test('A15 a command without a caller has the bytes that it had before there were callers', () => {
  assert.equal(Buffer.from(encodeCommands([PUT])).toString('hex'), '01010100016b020102');
});

test('A3 a caller comes back as it was, and the commands beside it', () => {
  const callers = [
    OWN_RESOLVE,
    { kind: 'user', name: 'ünser\u{1F600}', authRevision: 2 ** 40 } as const,
    undefined,
  ];
  for (const caller of callers) {
    const bytes = encodeCommands([PUT], caller);
    assert.deepEqual(decodeCaller(bytes), caller);
    assert.deepEqual(decodeCommands(bytes), [PUT]);
  }
});

test('A1 every command about users and roles comes back as it was', () => {
  const span = { from: key('a\xff'), to: key('\0') };
  const commands: readonly AuthCommand[] = [
    { module: 'auth', kind: 'enable' },
    { module: 'auth', kind: 'disable' },
    { module: 'auth', kind: 'signIn', user: 'ü', authRevision: 7, token: 'letters' },
    { module: 'auth', kind: 'addUser', user: 'u', passwordHash: 'hash' },
    { module: 'auth', kind: 'addUser', user: 'u', passwordHash: undefined },
    { module: 'auth', kind: 'changePassword', user: 'u', passwordHash: 'hash' },
    { module: 'auth', kind: 'deleteUser', user: 'u' },
    { module: 'auth', kind: 'grantRole', user: 'u', role: 'r' },
    { module: 'auth', kind: 'revokeRole', user: 'u', role: 'r' },
    { module: 'auth', kind: 'addRole', role: 'r' },
    { module: 'auth', kind: 'deleteRole', role: 'r' },
    { module: 'auth', kind: 'grantPermission', role: 'r', permission: { access: 'readWrite', span } },
    { module: 'auth', kind: 'revokePermission', role: 'r', span: { from: key('a'), to: undefined } },
  ];
  assert.deepEqual(decodeCommands(encodeCommands(commands)), commands);
});

test('S10 bytes that are no caller are a malformed list, not a crash', () => {
  for (const bytes of [[2], [2, 9], [2, 1, 5], [3, 0], [1, 1, 64, 99]])
    assert.throws(() => decodeCommands(Uint8Array.from(bytes)), { name: 'MalformedBytes' });
});
