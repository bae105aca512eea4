/** Three members with auth enabled, as users of every kind see them through any of them. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ACCESS } from '../../src/protocols/etcd/access.ts';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { WIRE_RPCS } from '../protocols/etcd/wire/wire-tables.ts';
import { AuthClient, bytes, tokenOf } from './auth-client.ts';
import { TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };
const NOBODY = 'etcdserver: user name is empty';
const DENIED = 'etcdserver: permission denied';
const INVALID_TOKEN = 'etcdserver: invalid auth token';
const OTHERS_LEASE = 0x1234n;

/** Grants `u` reading and writing of `allowed`, and writing of `writeonly`; puts a lease under `denied`; enables auth. */
async function enableAuth(member: TestMember): Promise<void> {
  const client = new AuthClient(member);
  const grant = (permType: bigint, name: string): readonly [string, TableMessage] => [
    'Auth/RoleGrantPermission',
    { name: 'r', perm: { permType, key: bytes(name) } },
  ];
  const texts = await client.texts(
    ['Auth/UserAdd', { name: 'root', password: 'secret' }],
    ['Auth/UserGrantRole', { user: 'root', role: 'root' }],
    ['Auth/UserAdd', { name: 'u', password: 'pass' }],
    ['Auth/RoleAdd', { name: 'r' }],
    ['Auth/UserGrantRole', { user: 'u', role: 'r' }],
    grant(2n, 'allowed'),
    grant(1n, 'writeonly'),
    ['Lease/LeaseGrant', { ID: OTHERS_LEASE, TTL: 3600n }],
    ['KV/Put', { key: bytes('denied'), value: bytes('secret'), lease: OTHERS_LEASE }],
    ['KV/Put', { key: bytes('writeonly'), value: bytes('secret') }],
    ['Auth/AuthEnable', {}],
  );
  client.close();
  assert.deepEqual(new Set(texts), new Set(['OK']));
}

function clientOf(t: TestContext, member: TestMember, token?: string, header?: string): AuthClient {
  const client = new AuthClient(member, token, header);
  t.after(() => client.close());
  return client;
}

type Probe = readonly [call: string, request: TableMessage];

const DENIED_KEY = bytes('denied');
const ALLOWED_KEY = bytes('allowed');
const WRITE_ONLY_KEY = bytes('writeonly');
const OPEN_END = bytes('\0');

/** What needs a right that `u` has not. */
const NEEDS_KEYS: readonly Probe[] = [
  ['KV/Range', { key: DENIED_KEY }],
  ['KV/Range', { key: DENIED_KEY, serializable: true }],
  ['KV/Range', { key: ALLOWED_KEY, range_end: OPEN_END }],
  ['KV/Put', { key: DENIED_KEY, value: bytes('v') }],
  ['KV/Put', { key: WRITE_ONLY_KEY, value: bytes('v'), prev_kv: true }],
  ['KV/Put', { key: ALLOWED_KEY, value: bytes('v'), lease: OTHERS_LEASE }],
  ['KV/DeleteRange', { key: DENIED_KEY }],
  ['KV/DeleteRange', { key: ALLOWED_KEY, range_end: OPEN_END }],
  ['KV/DeleteRange', { key: WRITE_ONLY_KEY, prev_kv: true }],
  ['KV/Txn', { compare: [{ key: DENIED_KEY, target: 0n, result: 0n, version: 0n }] }],
  ['KV/Txn', { compare: [{ key: ALLOWED_KEY, range_end: OPEN_END, target: 0n, result: 0n, version: 0n }] }],
  ['KV/Txn', { success: [{ request_put: { key: DENIED_KEY } }] }],
  ['KV/Txn', { failure: [{ request_delete_range: { key: DENIED_KEY } }] }],
  ['KV/Txn', { success: [{ request_put: { key: WRITE_ONLY_KEY, prev_kv: true } }] }],
  ['KV/Txn', { success: [{ request_put: { key: ALLOWED_KEY, lease: OTHERS_LEASE } }] }],
  ['KV/Txn', { success: [{ request_txn: { failure: [{ request_range: { key: DENIED_KEY } }] } }] }],
  // Their keys are under the name; `allowed` alone is granted, and nothing below it.
  ['Lock/Lock', { name: DENIED_KEY }],
  ['Lock/Lock', { name: ALLOWED_KEY }],
  ['Lock/Unlock', { key: DENIED_KEY }],
  ['Election/Campaign', { name: ALLOWED_KEY, value: bytes('v') }],
  ['Election/Leader', { name: DENIED_KEY }],
  ['Election/Resign', { leader: { name: DENIED_KEY, key: DENIED_KEY, rev: 1n } }],
  ['Election/Proclaim', { leader: { name: DENIED_KEY, key: DENIED_KEY, rev: 1n }, value: bytes('v') }],
  ['Lease/LeaseRevoke', { ID: OTHERS_LEASE }],
  ['Lease/LeaseTimeToLive', { ID: OTHERS_LEASE, keys: true }],
  ['Lease/LeaseLeases', {}],
  ['Auth/UserGet', { name: 'root' }],
  ['Auth/RoleGet', { role: 'root' }],
];

const NEEDS_ROOT: readonly Probe[] = [
  ['KV/Compact', { revision: 1n }],
  ['Maintenance/Alarm', { action: 1n }],
  ['Maintenance/Defragment', {}],
  ['Maintenance/Hash', {}],
  ['Maintenance/HashKV', {}],
  ['Maintenance/MoveLeader', {}],
  ['Maintenance/Downgrade', { version: '3.6' }],
  ['Auth/AuthEnable', {}],
  ['Auth/AuthDisable', {}],
  ['Auth/UserAdd', { name: 'intruder', password: 'p' }],
  ['Auth/UserList', {}],
  ['Auth/UserDelete', { name: 'root' }],
  ['Auth/UserChangePassword', { name: 'root', password: 'mine' }],
  ['Auth/UserGrantRole', { user: 'u', role: 'root' }],
  ['Auth/UserRevokeRole', { name: 'root', role: 'root' }],
  ['Auth/RoleAdd', { name: 'intruders' }],
  ['Auth/RoleList', {}],
  ['Auth/RoleDelete', { role: 'r' }],
  ['Auth/RoleGrantPermission', { name: 'r', perm: { permType: 2n, key: OPEN_END, range_end: OPEN_END } }],
  ['Auth/RoleRevokePermission', { role: 'r', key: ALLOWED_KEY }],
];

/** What every user may do, and nobody else. */
const NEEDS_USER: readonly Probe[] = [
  ['KV/Range', { key: ALLOWED_KEY }],
  ['KV/Put', { key: ALLOWED_KEY, value: bytes('v'), prev_kv: true }],
  ['KV/Put', { key: WRITE_ONLY_KEY, value: bytes('v') }],
  ['KV/Txn', { success: [{ request_range: { key: ALLOWED_KEY } }] }],
  ['Lease/LeaseGrant', { TTL: 60n }],
  ['Lease/LeaseTimeToLive', { ID: OTHERS_LEASE }],
  ['Cluster/MemberList', {}],
  ['Maintenance/Status', {}],
  ['Maintenance/Alarm', {}],
  ['Auth/UserGet', { name: 'u' }],
  ['Auth/RoleGet', { role: 'r' }],
];

for (const protocol of ['raft', 'paxos'] as const) {
  test(`${protocol}: a cluster with auth`, LIMIT, async (t) => {
    const cluster = await TestCluster.started(t, { protocol });
    const { leader, followers } = await cluster.roles(cluster.members[0]!);
    const follower = followers[0]!;
    await enableAuth(leader);
    const userToken = await tokenOf(follower, 'u', 'pass');
    const rootToken = await tokenOf(leader, 'root', 'secret');

    await t.test('A3 A4 A8 to A13 nobody, and whoever has no token that is good, gets nothing', async () => {
      const probes = [...NEEDS_KEYS, ...NEEDS_ROOT, ...NEEDS_USER];
      const anonymous = clientOf(t, follower);
      const forged = clientOf(t, follower, 'ABCDEFGHIJKLMNOP.3');
      for (const [call, request] of probes) {
        const what = `${call} ${JSON.stringify(request, textOf)}`;
        assert.equal((await anonymous.call(call, request)).text, NOBODY, what);
        assert.equal((await forged.call(call, request)).text, INVALID_TOKEN, what);
      }
      assert.match(await anonymous.watch('allowed'), /user name is empty/);
      assert.match(await forged.watch('allowed'), /invalid auth token/);
    });

    await t.test('A8 to A13 a user gets what it was granted, and nothing beside', async () => {
      for (const member of [leader, follower]) {
        const user = clientOf(t, member, userToken);
        for (const [call, request] of [...NEEDS_KEYS, ...NEEDS_ROOT])
          assert.equal(
            (await user.call(call, request)).text,
            DENIED,
            `${call} ${JSON.stringify(request, textOf)}`,
          );
        for (const [call, request] of NEEDS_USER)
          assert.equal(
            (await user.call(call, request)).text,
            'OK',
            `${call} ${JSON.stringify(request, textOf)}`,
          );
      }
    });

    await t.test('A12 a watch shows the keys that may be read, and none beyond', async () => {
      const user = clientOf(t, follower, userToken);
      assert.equal(await user.watch('allowed'), 'created');
      for (const [from, to] of [
        ['denied', ''],
        ['allowed', '\0'],
        ['allowed', 'allowee'],
        ['', '\0'],
        ['writeonly', ''],
      ] as const)
        assert.equal(
          await user.watch(from, to),
          `rpc error: code = PermissionDenied desc = ${DENIED}`,
          `${from} to ${to}`,
        );
      assert.equal(await clientOf(t, follower, rootToken).watch('', '\0'), 'created');
    });

    await t.test('A4 A13 a streamed range is of keys that may be read; a backup is for root', async () => {
      const user = clientOf(t, follower, userToken);
      const anonymous = clientOf(t, follower);
      const root = clientOf(t, follower, rootToken);
      assert.equal((await user.first('RangeStream', { key: ALLOWED_KEY })).text, 'OK');
      for (const beyond of [
        { key: DENIED_KEY },
        { key: ALLOWED_KEY, range_end: OPEN_END },
        { key: DENIED_KEY, count_only: true },
        { key: WRITE_ONLY_KEY, serializable: true },
      ]) {
        assert.equal((await user.first('RangeStream', beyond)).text, DENIED, JSON.stringify(beyond, textOf));
        assert.equal((await anonymous.first('RangeStream', beyond)).text, NOBODY);
        assert.equal((await root.first('RangeStream', beyond)).text, 'OK');
      }
      assert.equal((await user.first('Snapshot', {})).text, DENIED);
      assert.equal((await anonymous.first('Snapshot', {})).text, NOBODY);
      assert.equal((await root.first('Snapshot', {})).text, 'OK');
    });

    await t.test('A11 a lease is kept alive by those who may write its keys', async () => {
      const user = clientOf(t, follower, userToken);
      assert.equal((await user.first('LeaseKeepAlive', { ID: OTHERS_LEASE })).text, DENIED);
      const anonymous = clientOf(t, follower);
      assert.equal((await anonymous.first('LeaseKeepAlive', { ID: OTHERS_LEASE })).text, NOBODY);
      const { answer } = await user.call('Lease/LeaseGrant', { TTL: 60n });
      assert.equal((await user.first('LeaseKeepAlive', { ID: answer['ID']! })).answer['TTL'], 60n);
      const root = clientOf(t, follower, rootToken);
      assert.equal((await root.first('LeaseKeepAlive', { ID: OTHERS_LEASE })).answer['TTL'], 3600n);
    });

    await t.test(
      'A7 a token is good at every member, and worth nothing once the password changed',
      async () => {
        const root = clientOf(t, leader, rootToken);
        assert.deepEqual(
          await root.texts(
            ['Auth/UserAdd', { name: 'v', password: 'one' }],
            ['Auth/UserGrantRole', { user: 'v', role: 'r' }],
          ),
          ['OK', 'OK'],
        );
        const token = await tokenOf(leader, 'v', 'one');
        for (const member of cluster.members)
          assert.equal((await clientOf(t, member, token).call('KV/Range', { key: ALLOWED_KEY })).text, 'OK');
        assert.equal((await root.call('Auth/UserChangePassword', { name: 'v', password: 'two' })).text, 'OK');
        // A read from the log's end on brings a member so far.
        for (const member of cluster.members) {
          await clientOf(t, member, rootToken).call('KV/Range', { key: ALLOWED_KEY });
          assert.equal(
            (await clientOf(t, member, token).call('KV/Range', { key: ALLOWED_KEY })).text,
            INVALID_TOKEN,
          );
        }
        await assert.rejects(tokenOf(follower, 'v', 'one'), /authentication failed/);
        await tokenOf(follower, 'v', 'two');
      },
    );

    await t.test('A7 no password, a wrong one and no such user are refused alike', async () => {
      const root = clientOf(t, leader, rootToken);
      await root.call('Auth/UserAdd', { name: 'certified', options: { no_password: true } });
      await assert.rejects(
        tokenOf(follower, 'u', 'wrong'),
        /authentication failed, invalid user ID or password/,
      );
      await assert.rejects(
        tokenOf(follower, 'nobody', 'pass'),
        /authentication failed, invalid user ID or password/,
      );
      await assert.rejects(tokenOf(follower, 'certified', ''), /password was given for no password user/);
    });

    await t.test('A2 A15 auth is disabled by root, and then nobody is asked who they are', async () => {
      const { answer } = await clientOf(t, follower).call('Auth/AuthStatus');
      assert.equal(answer['enabled'], true);
      assert.equal((await clientOf(t, leader, rootToken).call('Auth/AuthDisable')).text, 'OK');
      const anonymous = clientOf(t, leader);
      assert.equal((await anonymous.call('KV/Range', { key: DENIED_KEY })).text, 'OK');
      assert.equal(
        (await anonymous.call('Auth/Authenticate', { name: 'u', password: 'pass' })).text,
        'etcdserver: authentication is not enabled',
      );
    });
  });
}

function textOf(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

test('A1 users, rights and the switch outlive a restart; tokens do not', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const [member] = cluster.members;
  await enableAuth(member!);
  const token = await tokenOf(member!, 'u', 'pass');
  await cluster.stop(member!);
  await (await cluster.start(member!)).ready;
  assert.equal((await clientOf(t, member!).call('KV/Range', { key: ALLOWED_KEY })).text, NOBODY);
  assert.equal(
    (await clientOf(t, member!, token).call('KV/Range', { key: ALLOWED_KEY })).text,
    INVALID_TOKEN,
  );
  const again = clientOf(t, member!, await tokenOf(member!, 'u', 'pass'));
  assert.equal((await again.call('KV/Range', { key: ALLOWED_KEY })).text, 'OK');
  assert.equal((await again.call('KV/Range', { key: DENIED_KEY })).text, DENIED);
});

test(
  'A7 A5 web tokens are good until rights change, and only those that the key signed',
  LIMIT,
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'synod-keys-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const publicKeyFile = join(directory, 'public.pem');
    const privateKeyFile = join(directory, 'private.pem');
    writeFileSync(publicKeyFile, publicKey);
    writeFileSync(privateKeyFile, privateKey);
    const cluster = await TestCluster.started(t, {
      size: 1,
      tokens: { kind: 'jwt', signMethod: 'RS256', ttlMs: 300_000, publicKeyFile, privateKeyFile },
    });
    const [member] = cluster.members;
    await enableAuth(member!);
    const token = await tokenOf(member!, 'u', 'pass');
    const user = clientOf(t, member!, token);
    assert.equal((await user.call('KV/Range', { key: ALLOWED_KEY })).text, 'OK');
    assert.equal((await user.call('KV/Range', { key: DENIED_KEY })).text, DENIED);
    assert.equal(await user.watch('allowed'), 'created');
    assert.match(await user.watch('denied'), /permission denied/);
    const bearer = clientOf(t, member!, `Bearer ${token}`, 'authorization');
    assert.equal((await bearer.call('KV/Range', { key: ALLOWED_KEY })).text, 'OK');
    const tampered = clientOf(t, member!, `${token.slice(0, -6)}AAAAAA`);
    assert.equal((await tampered.call('KV/Range', { key: ALLOWED_KEY })).text, INVALID_TOKEN);
    assert.equal(
      await tampered.watch('allowed'),
      `rpc error: code = Unauthenticated desc = ${INVALID_TOKEN}`,
    );
    const root = clientOf(t, member!, await tokenOf(member!, 'root', 'secret'));
    assert.equal((await root.call('Auth/RoleAdd', { name: 'another' })).text, 'OK');
    assert.equal(
      (await user.call('KV/Range', { key: ALLOWED_KEY })).text,
      'etcdserver: revision of auth store is old',
    );
  },
);

test('a key of web tokens that cannot be read, or is none, ends the start with words', LIMIT, async (t) => {
  for (const [file, expected] of [
    ['/nowhere/key.pem', /cannot read the key file \/nowhere\/key\.pem of --auth-token/],
    [import.meta.filename, /the keys of --auth-token do not fit RS256/],
  ] as const) {
    const cluster = await TestCluster.create(t, {
      size: 1,
      tokens: {
        kind: 'jwt',
        signMethod: 'RS256',
        ttlMs: 300_000,
        publicKeyFile: undefined,
        privateKeyFile: file,
      },
    });
    await assert.rejects(cluster.start(cluster.members[0]!), expected);
  }
});

test('A13 every call of etcd’s says what it needs, and one that says nothing needs root', () => {
  const known = WIRE_RPCS.map(({ path }) => path);
  const health = ['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'];
  assert.deepEqual([...ACCESS.keys()].sort(), [...known, ...health].sort());
  assert.deepEqual(
    [...ACCESS].filter(([, access]) => access === 'public').map(([path]) => path),
    ['/etcdserverpb.Auth/AuthStatus', '/etcdserverpb.Auth/Authenticate', ...health],
  );
});
