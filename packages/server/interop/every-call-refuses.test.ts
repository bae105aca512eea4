/**
 * Every call of etcd's, with nothing in it, with bytes that are no message, with too many, and by callers who may not: its
 * status and text are those of a real etcd beside it. What 3.4 leaves open to anybody and 3.7 does not is told here.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WIRE_RPCS } from '../test/protocols/etcd/wire/wire-tables.ts';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { bytesField, decodeFields, encodeFields, type Fields } from './protobuf-fields.ts';
import { sharedCluster } from './shared-cluster.ts';

/** Long enough for an answer, and what a stream that stays open costs. */
const OPEN_MS = 1_000;
/** Over the most that a member takes, 2 MiB. */
const LARGE_BYTES = 2_200_000;
const FLAGS = ['--bcrypt-cost=4'];
const LEASE = 77;

/** What callers who may not are told: without a token, with one that is none, and with one of a user without a role. */
type Refusals = Readonly<Partial<Record<'anybody' | 'stranger' | 'userWithoutRole', string>>>;

interface Call {
  /** What a careful client would send, for callers who may not. */
  readonly sensible: Fields;
  /** Of an empty request, where 3.7 has another answer than 3.4. */
  readonly empty?: string;
  /** Likewise of callers: 3.4 asks for no user there, or says so in other words. */
  readonly refusals?: Refusals;
  /** 3.4 has no such call: what it answers is told here. */
  readonly isNew?: true;
}

const FOR_USERS: Refusals = {
  anybody: '3 etcdserver: user name is empty',
  stranger: '16 etcdserver: invalid auth token',
};
const FOR_ROOT: Refusals = { ...FOR_USERS, userWithoutRole: '7 etcdserver: permission denied' };
/** 3.4 ends an observation that it may not begin without a word. */
const OBSERVING: Refusals = {
  anybody: '2 etcdserver: user name is empty',
  stranger: '2 etcdserver: invalid auth token',
  userWithoutRole: '2 etcdserver: permission denied',
};
const FOR_ALL: Refusals = { anybody: '0 ', stranger: '0 ', userWithoutRole: '0 ' };

const KEY: Fields = [[1, 'k']];
const USER: Fields = [
  [1, 'bob'],
  [2, 'p'],
];
const USER_ROLE: Fields = [
  [1, 'bob'],
  [2, 'r'],
];
const PEER: Fields = [[1, 'http://127.0.0.1:1']];
const ELECTION_KEY: Fields = [
  [1, 'e'],
  [2, 'e/4d'],
  [3, 1],
  [4, LEASE],
];

const CALLS: Readonly<Record<string, Call>> = {
  'etcdserverpb.KV/Range': { sensible: KEY },
  'etcdserverpb.KV/RangeStream': {
    sensible: KEY,
    empty: '3 etcdserver: key is not provided',
    refusals: FOR_ROOT,
    isNew: true,
  },
  'etcdserverpb.KV/Put': { sensible: KEY },
  'etcdserverpb.KV/DeleteRange': { sensible: KEY },
  'etcdserverpb.KV/Txn': { sensible: [[2, encodeFields([[1, encodeFields(KEY)]])]] },
  'etcdserverpb.KV/Compact': { sensible: [[1, 1]], refusals: FOR_ROOT },
  'etcdserverpb.Watch/Watch': { sensible: [[1, encodeFields(KEY)]] },
  'etcdserverpb.Lease/LeaseGrant': { sensible: [[1, 60]], refusals: FOR_USERS },
  'etcdserverpb.Lease/LeaseRevoke': { sensible: [[1, LEASE]], refusals: FOR_USERS },
  'etcdserverpb.Lease/LeaseKeepAlive': { sensible: [[1, LEASE]], refusals: FOR_USERS },
  'etcdserverpb.Lease/LeaseTimeToLive': { sensible: [[1, LEASE]], refusals: FOR_USERS },
  'etcdserverpb.Lease/LeaseLeases': { sensible: [], refusals: FOR_USERS },
  'etcdserverpb.Cluster/MemberAdd': { sensible: PEER },
  'etcdserverpb.Cluster/MemberRemove': { sensible: [[1, 1]] },
  'etcdserverpb.Cluster/MemberUpdate': { sensible: [[1, 1]] },
  'etcdserverpb.Cluster/MemberList': { sensible: [], refusals: FOR_USERS },
  'etcdserverpb.Cluster/MemberPromote': { sensible: [[1, 1]] },
  'etcdserverpb.Maintenance/Alarm': { sensible: [], refusals: FOR_USERS },
  'etcdserverpb.Maintenance/Status': { sensible: [], refusals: FOR_USERS },
  'etcdserverpb.Maintenance/Defragment': { sensible: [], refusals: FOR_ROOT },
  'etcdserverpb.Maintenance/Hash': { sensible: [], refusals: FOR_ROOT },
  'etcdserverpb.Maintenance/HashKV': { sensible: [], refusals: FOR_ROOT },
  'etcdserverpb.Maintenance/Snapshot': { sensible: [], refusals: FOR_ROOT },
  'etcdserverpb.Maintenance/MoveLeader': { sensible: [[1, 1]], refusals: FOR_ROOT },
  'etcdserverpb.Maintenance/Downgrade': {
    sensible: [[2, '3.6']],
    empty: '3 etcdserver: wrong downgrade target version format',
    refusals: FOR_ROOT,
    isNew: true,
  },
  'etcdserverpb.Auth/AuthEnable': { sensible: [] },
  'etcdserverpb.Auth/AuthDisable': { sensible: [] },
  'etcdserverpb.Auth/AuthStatus': { sensible: [], empty: '0 ', refusals: FOR_ALL, isNew: true },
  'etcdserverpb.Auth/Authenticate': { sensible: USER },
  'etcdserverpb.Auth/UserAdd': { sensible: USER },
  'etcdserverpb.Auth/UserGet': { sensible: [[1, 'bob']] },
  'etcdserverpb.Auth/UserList': { sensible: [] },
  'etcdserverpb.Auth/UserDelete': { sensible: [[1, 'bob']] },
  'etcdserverpb.Auth/UserChangePassword': { sensible: USER },
  'etcdserverpb.Auth/UserGrantRole': { sensible: USER_ROLE },
  'etcdserverpb.Auth/UserRevokeRole': { sensible: USER_ROLE },
  'etcdserverpb.Auth/RoleAdd': { sensible: [[1, 'r']] },
  'etcdserverpb.Auth/RoleGet': { sensible: [[1, 'r']] },
  'etcdserverpb.Auth/RoleList': { sensible: [] },
  'etcdserverpb.Auth/RoleDelete': { sensible: [[1, 'r']] },
  'etcdserverpb.Auth/RoleGrantPermission': {
    empty: '3 etcdserver: permission not given',
    sensible: [
      [1, 'r'],
      [2, encodeFields([[2, 'k']])],
    ],
  },
  'etcdserverpb.Auth/RoleRevokePermission': { sensible: USER_ROLE },
  'v3lockpb.Lock/Lock': { sensible: [[1, 'l']] },
  'v3lockpb.Lock/Unlock': { sensible: [[1, 'l/4d']] },
  'v3electionpb.Election/Campaign': { sensible: [[1, 'e']] },
  'v3electionpb.Election/Proclaim': { sensible: [[1, encodeFields(ELECTION_KEY)]] },
  'v3electionpb.Election/Leader': { sensible: [[1, 'e']] },
  'v3electionpb.Election/Observe': { sensible: [[1, 'e']], refusals: OBSERVING },
  'v3electionpb.Election/Resign': { sensible: [[1, encodeFields(ELECTION_KEY)]] },
};

let reference: Cluster;
const cluster = sharedCluster(
  { memberCount: 1, extraFlags: FLAGS },
  {
    started: async () => {
      reference = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1, extraFlags: FLAGS });
    },
    stopping: () => reference?.destroy(),
  },
);

/** As a line; a stream that stays open has neither status nor error. On a connection of its own: a refused one may go. */
async function outcome(
  { members }: Cluster,
  path: string,
  message: Uint8Array,
  token?: string,
): Promise<string> {
  const channel = new GrpcChannel(members[0]!);
  const late = sleep(2 * OPEN_MS, { status: -1, text: '' }, { ref: false });
  const answer = await Promise.race([channel.unary(`/${path}`, message, OPEN_MS, token), late]);
  channel.close();
  return answer.status === -1 ? 'stays open' : `${answer.status} ${answer.text}`;
}

test('every call of the table is here', () => {
  assert.deepEqual(Object.keys(CALLS).sort(), WIRE_RPCS.map(({ path }) => path.slice(1)).sort());
});

describe('bad requests', () => {
  for (const [path, call] of Object.entries(CALLS)) {
    test(`${path} with nothing in it`, async () => {
      const nothing = new Uint8Array(0);
      const expected = call.empty ?? (await outcome(reference, path, nothing));
      assert.equal(await outcome(cluster(), path, nothing), expected);
    });

    test(`${path} with bytes that are no message`, async () => {
      const broken = Uint8Array.of(0x0a, 0xff, 0x01, 0x61);
      const told = await outcome(cluster(), path, broken);
      const words = /^13 grpc: (error unmarshalling request:|failed to unmarshal the received message)/;
      assert.match(told, words);
      if (call.isNew === true) return;
      const expected = await outcome(reference, path, broken);
      assert.equal(words.exec(told)![0], words.exec(expected)?.[0], expected);
    });

    test(`${path} with too many bytes`, async () => {
      const large = new Uint8Array(LARGE_BYTES);
      const told = await outcome(cluster(), path, large);
      assert.equal(told, `8 grpc: received message larger than max (${LARGE_BYTES} vs. 2097152)`);
      if (call.isNew !== true) assert.equal(told, await outcome(reference, path, large));
    });
  }
});

describe('callers who may not', () => {
  const tokens = new Map<Cluster, string>();

  before(async () => {
    for (const one of [cluster(), reference]) tokens.set(one, await enableAuth(one));
  });

  for (const [path, call] of Object.entries(CALLS))
    test(`${path} refuses them`, async () => {
      const message = encodeFields(call.sensible);
      const callers = {
        anybody: () => undefined,
        stranger: () => 'bad.1',
        userWithoutRole: (one: Cluster) => tokens.get(one),
      };
      for (const [who, tokenAt] of Object.entries(callers)) {
        const told = await outcome(cluster(), path, message, tokenAt(cluster()));
        const expected = call.refusals?.[who as keyof Refusals];
        if (expected !== undefined) assert.equal(told, expected, who);
        // 3.4 lets users without a role do what 3.7 leaves to users: what they ask for is no bad request.
        else if (call.refusals === undefined)
          assert.equal(told, await outcome(reference, path, message, tokenAt(reference)), who);
      }
    });
});

/** @returns the token of a user without a role */
async function enableAuth({ members }: Cluster): Promise<string> {
  const channel = new GrpcChannel(members[0]!);
  const user = (name: string): Fields => [
    [1, name],
    [2, 'p'],
  ];
  const ask = async (path: string, fields: Fields): Promise<Buffer> => {
    const answer = await channel.unary(`/etcdserverpb.${path}`, encodeFields(fields));
    assert.equal(answer.status, 0, `${path}: ${answer.text}`);
    return answer.message!;
  };
  await ask('Auth/UserAdd', user('root'));
  await ask('Auth/UserAdd', user('nobody'));
  await ask('Auth/RoleAdd', [[1, 'root']]);
  await ask('Auth/UserGrantRole', [
    [1, 'root'],
    [2, 'root'],
  ]);
  await ask('Lease/LeaseGrant', [
    [1, 600],
    [2, LEASE],
  ]);
  await ask('Auth/AuthEnable', []);
  const token = bytesField(decodeFields(await ask('Auth/Authenticate', user('nobody'))), 2).toString();
  channel.close();
  return token;
}
