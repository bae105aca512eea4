/** Status, the alarm list, the member list, health, and which of etcd's calls are served at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alarm, revision } from '@synod/coordination';
import { call, open, setUp } from './fake-calls.ts';
import type { TableMessage } from './wire/table-codec.ts';
import { WIRE_RPCS } from './wire/wire-tables.ts';

const IDS = '08dfabe2a6a79cc4842c10e19a9c81aea4dd8c22';
const NOTHING = Buffer.alloc(0);

test('every call of etcd’s is served, as a stream where etcd streams, and no other', () => {
  const { protocol } = setUp();
  const served = new Set(protocol.methods.keys());
  for (const { path, streaming } of WIRE_RPCS) {
    const method = protocol.methods.get(path);
    if (method !== undefined) assert.equal(method.kind, streaming ? 'stream' : 'unary', path);
    served.delete(path);
  }
  assert.deepEqual([...served].sort(), ['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch']);
  const missing = WIRE_RPCS.map(({ path }) => path).filter((path) => !protocol.methods.has(path));
  assert.deepEqual(missing, []);
});

test('status: every field, and no leader among the errors where none is known', () => {
  const setup = setUp();
  const header = {
    cluster_id: 0x2c0910e274d895dfn,
    member_id: 0x22197522e0270d61n,
    revision: 2n,
    raft_term: 2n,
  };
  const known = call(setup, 'Maintenance/Status', NOTHING).decoded('etcdserverpb.StatusResponse');
  assert.deepEqual(known, {
    header,
    version: '3.7.0',
    dbSize: 45_056n,
    leader: 0x22197522e0270d61n,
    raftIndex: 72n,
    raftTerm: 2n,
    raftAppliedIndex: 71n,
    dbSizeInUse: 45_000n,
    storageVersion: '3.7.0',
    dbSizeQuota: 2_147_483_648n,
    downgradeInfo: {},
  });
  setup.service.memberStatus = {
    ...setup.service.memberStatus,
    leader: undefined,
    isLearner: true,
    errors: ['the disk is slow'],
  };
  const alone = call(setup, 'Maintenance/Status', NOTHING).decoded('etcdserverpb.StatusResponse');
  assert.deepEqual(alone['errors'], ['etcdserver: no leader', 'the disk is slow']);
  assert.equal(alone['leader'], undefined);
  assert.equal(alone['isLearner'], true);
});

const NO_SPACE: Alarm = { member: '22197522e0270d61', kind: 'noSpace', isAutomatic: true };
const CORRUPT: Alarm = { member: 'f000000000000000', kind: 'corrupt', isAutomatic: false };
const NO_SPACE_ON_WIRE = { memberID: 0x22197522e0270d61n, alarm: 1n };
const CORRUPT_ON_WIRE = { memberID: 0xf000000000000000n, alarm: 2n };

test('alarms: all of them, or those of one kind, after a quorum round', () => {
  const setup = setUp();
  for (const [alarm, expected] of [
    [0n, [NO_SPACE_ON_WIRE, CORRUPT_ON_WIRE]],
    [1n, [NO_SPACE_ON_WIRE]],
    [2n, [CORRUPT_ON_WIRE]],
    [3n, undefined],
  ] as const) {
    const list = call(setup, 'Maintenance/Alarm', ['etcdserverpb.AlarmRequest', { alarm }]);
    const alarms = [NO_SPACE, CORRUPT];
    setup.service.alarmLists.at(-1)!.completion.complete({ kind: 'alarmList', alarms });
    assert.deepEqual(list.decoded('etcdserverpb.AlarmResponse')['alarms'], expected);
  }
  const failed = call(setup, 'Maintenance/Alarm', NOTHING);
  setup.service.alarmLists.at(-1)!.completion.complete({ kind: 'serviceFailure', code: 'noLeader' });
  assert.equal(failed.answer, '14 etcdserver: no leader');
});

test('alarms are raised and cleared by hand; none at all is neither, and no mistake', () => {
  const setup = setUp();
  for (const [action, kind] of [
    [1n, 'raise'],
    [2n, 'clear'],
  ] as const) {
    const request = { action, memberID: CORRUPT_ON_WIRE.memberID, alarm: 2n };
    const changed = call(setup, 'Maintenance/Alarm', ['etcdserverpb.AlarmRequest', request]);
    const { question, completion } = setup.service.commands.at(-1)!;
    assert.deepEqual(question, { module: 'alarms', kind, alarm: CORRUPT });
    completion.complete({ kind: 'alarmsChanged', alarms: [CORRUPT], revision: revision(2) });
    assert.deepEqual(changed.decoded('etcdserverpb.AlarmResponse')['alarms'], [CORRUPT_ON_WIRE]);
  }
  const asked = setup.service.commands.length;
  for (const request of [{ action: 1n }, { action: 2n, alarm: 7n }, { action: 3n, alarm: 1n }]) {
    const nothing = call(setup, 'Maintenance/Alarm', ['etcdserverpb.AlarmRequest', request]);
    assert.deepEqual(Object.keys(nothing.decoded('etcdserverpb.AlarmResponse')), ['header']);
  }
  assert.equal(setup.service.commands.length, asked);
});

test('status tells of alarms among the errors, in etcd’s words', () => {
  const setup = setUp();
  setup.service.raised = [NO_SPACE, CORRUPT];
  const told = call(setup, 'Maintenance/Status', NOTHING).decoded('etcdserverpb.StatusResponse');
  assert.deepEqual(told['errors'], [
    'memberID:2457123864357309793 alarm:NOSPACE ',
    'memberID:17293822569102704640 alarm:CORRUPT ',
  ]);
});

test('a defragmentation is answered when it is over; why there was none is told', () => {
  const setup = setUp();
  const request = ['etcdserverpb.DefragmentRequest', {}] as const;
  const answered = call(setup, 'Maintenance/Defragment', request);
  assert.equal(answered.answers.length, 0);
  setup.service.defragmentations[0]!.completion.complete({
    kind: 'defragmented',
    bytesBefore: 2,
    bytesAfter: 1,
  });
  assert.deepEqual(Object.keys(answered.decoded('etcdserverpb.DefragmentResponse')), ['header']);
  const failed = call(setup, 'Maintenance/Defragment', request);
  setup.service.defragmentations[1]!.completion.complete({ kind: 'defragmentFailed', detail: 'no space' });
  assert.deepEqual(failed.answers, [
    { grpcCode: 2, text: 'etcdserver: the store could not be defragmented: no space' },
  ]);
});

test('a downgrade: what etcd says of versions that are none, of others, of the one below, and of the end of none', () => {
  const setup = setUp();
  const asked = (fields: Record<string, bigint | string>) => {
    const made = call(setup, 'Maintenance/Downgrade', ['etcdserverpb.DowngradeRequest', fields]);
    setup.service.memberLists.shift()?.completion.complete({ kind: 'memberList', members: [] });
    return made;
  };
  const VALIDATE = 0n;
  const ENABLE = 1n;
  const CANCEL = 2n;
  for (const version of ['', '3', 'three', '3.6.x'])
    assert.deepEqual(asked({ action: VALIDATE, version }).answers, [
      { grpcCode: 3, text: 'etcdserver: wrong downgrade target version format' },
    ]);
  for (const [action, version] of [
    [VALIDATE, '3.5'],
    [VALIDATE, '3.7.0'],
    [ENABLE, '3.5'],
  ] as const)
    assert.deepEqual(asked({ action, version }).answers, [
      { grpcCode: 3, text: 'etcdserver: invalid downgrade target version' },
    ]);
  for (const version of ['3.6', '3.6.0', '3.6.11', '3.6.0-rc.1', '3.6.1+build'])
    assert.equal(
      asked({ action: VALIDATE, version }).decoded('etcdserverpb.DowngradeResponse')['version'],
      '3.7',
    );
  assert.match(
    JSON.stringify(asked({ action: ENABLE, version: '3.6' }).answers),
    /cannot become an older version/,
  );
  // etcd logs that there was none, and answers well.
  assert.equal(asked({ action: CANCEL }).decoded('etcdserverpb.DowngradeResponse')['version'], '3.7');
  const alone = call(setup, 'Maintenance/Downgrade', ['etcdserverpb.DowngradeRequest', { action: CANCEL }]);
  setup.service.memberLists.shift()!.completion.complete({ kind: 'serviceFailure', code: 'noLeader' });
  assert.deepEqual(alone.answers, [{ grpcCode: 14, text: 'etcdserver: no leader' }]);
});

test('leadership moves where it is told to; why it does not is told in etcd’s words', () => {
  const setup = setUp();
  const request = ['etcdserverpb.MoveLeaderRequest', { targetID: 0xf000000000000000n }] as const;
  const moved = call(setup, 'Maintenance/MoveLeader', request);
  const [asked] = setup.service.moves;
  assert.equal(asked!.question, 'f000000000000000');
  asked!.completion.complete({ kind: 'leaderMoved' });
  assert.deepEqual(Object.keys(moved.decoded('etcdserverpb.MoveLeaderResponse')), ['header']);
  for (const [code, text] of [
    ['notLeader', '9 etcdserver: not leader'],
    ['badLeaderTransferee', '9 etcdserver: bad leader transferee'],
    ['leaderTransferFailed', '2 etcdserver: request timed out, leader transfer took too long'],
  ] as const) {
    const refused = call(setup, 'Maintenance/MoveLeader', request);
    setup.service.moves.at(-1)!.completion.complete({ kind: 'serviceFailure', code });
    assert.equal(refused.answer, text);
  }
});

test('hashes: of a revision with the compaction it begins at, and of everything', () => {
  const setup = setUp();
  const keyspace = call(setup, 'Maintenance/HashKV', ['etcdserverpb.HashKVRequest', { revision: 7n }]);
  const [asked] = setup.service.keyspaceHashes;
  assert.equal(asked!.question, 7);
  asked!.completion.complete({
    kind: 'keyspaceHashed',
    sum: 0xffffffff,
    compactedTo: -1,
    hashRevision: revision(7),
    revision: revision(9),
  });
  const told = keyspace.decoded('etcdserverpb.HashKVResponse');
  assert.deepEqual([told['hash'], told['compact_revision'], told['hash_revision']], [0xffffffffn, -1n, 7n]);
  assert.equal((told['header'] as TableMessage)['revision'], 9n);
  const future = call(setup, 'Maintenance/HashKV', NOTHING);
  setup.service.keyspaceHashes[1]!.completion.complete({
    kind: 'failure',
    reason: { code: 'revisionInFuture', currentRevision: revision(2) },
    revision: revision(2),
  });
  assert.equal(future.answer, '11 etcdserver: mvcc: required revision is a future revision');
  const everything = call(setup, 'Maintenance/Hash', NOTHING);
  setup.service.stateHashes[0]!.completion.complete({ kind: 'stateHashed', sum: 5, revision: revision(2) });
  assert.equal(everything.decoded('etcdserverpb.HashResponse')['hash'], 5n);
});

test('the member list, linearizable where it is asked for', () => {
  const setup = setUp();
  const made = call(setup, 'Cluster/MemberList', ['etcdserverpb.MemberListRequest', { linearizable: true }]);
  const [asked] = setup.service.memberLists;
  assert.deepEqual(asked!.question, { linearizable: true });
  const facts = { name: '', peerUrls: ['http://p'], clientUrls: [], isLearner: false };
  asked!.completion.complete({
    kind: 'memberList',
    members: [
      { ...facts, id: '22197522e0270d61', name: 'm1', clientUrls: ['http://c'] },
      { ...facts, id: 'f000000000000000', name: 'm2', isLearner: true },
    ],
  });
  const { members } = made.decoded('etcdserverpb.MemberListResponse');
  assert.deepEqual(members, [
    { ID: 0x22197522e0270d61n, name: 'm1', peerURLs: ['http://p'], clientURLs: ['http://c'] },
    { ID: 0xf000000000000000n, name: 'm2', peerURLs: ['http://p'], isLearner: true },
  ]);
  const failed = call(setup, 'Cluster/MemberList', NOTHING);
  assert.deepEqual(setup.service.memberLists[1]!.question, { linearizable: false });
  setup.service.memberLists[1]!.completion.complete({ kind: 'serviceFailure', code: 'noLeader' });
  assert.equal(failed.answer, '14 etcdserver: no leader');
});

test('members are added, removed, changed and promoted; each answer has the whole list', () => {
  const setup = setUp();
  const added = call(setup, 'Cluster/MemberAdd', [
    'etcdserverpb.MemberAddRequest',
    { peerURLs: ['http://new:2380'], isLearner: true },
  ]);
  const removed = call(setup, 'Cluster/MemberRemove', ['etcdserverpb.MemberRemoveRequest', { ID: 5n }]);
  const updated = call(setup, 'Cluster/MemberUpdate', [
    'etcdserverpb.MemberUpdateRequest',
    { ID: 5n, peerURLs: ['http://other:2380'] },
  ]);
  const promoted = call(setup, 'Cluster/MemberPromote', ['etcdserverpb.MemberPromoteRequest', { ID: 5n }]);
  const five = '0000000000000005';
  assert.deepEqual(
    setup.service.memberChanges.map(({ question }) => question),
    [
      { kind: 'add', id: 'ff00000000000001', peerUrls: ['http://new:2380'], isLearner: true },
      { kind: 'remove', id: five },
      { kind: 'update', id: five, peerUrls: ['http://other:2380'] },
      { kind: 'promote', id: five },
    ],
  );
  const learner = { id: 'ff00000000000001', peerUrls: ['http://new:2380'], isLearner: true };
  const members = [{ ...learner, name: '', clientUrls: [] }];
  for (const { completion } of setup.service.memberChanges)
    completion.complete({ kind: 'membersChanged', members, revision: revision(9) });
  const wire = { ID: 0xff00000000000001n, peerURLs: ['http://new:2380'], isLearner: true };
  const answer = added.decoded('etcdserverpb.MemberAddResponse');
  assert.deepEqual([answer['member'], answer['members']], [wire, [wire]]);
  assert.deepEqual(removed.decoded('etcdserverpb.MemberRemoveResponse')['members'], [wire]);
  assert.deepEqual(updated.decoded('etcdserverpb.MemberUpdateResponse')['members'], [wire]);
  assert.deepEqual(promoted.decoded('etcdserverpb.MemberPromoteResponse')['members'], [wire]);
});

test('members without an address, or with what is none, and every refusal in etcd’s words', () => {
  const setup = setUp();
  const urls = 'etcdserver: given member URLs are invalid';
  for (const peerURLs of [[], ['ftp://new:2380']]) {
    const add = call(setup, 'Cluster/MemberAdd', ['etcdserverpb.MemberAddRequest', { peerURLs }]);
    assert.equal(add.answer, `3 ${urls}`);
    for (const [ID, expected] of [
      [5n, `3 ${urls}`],
      [6n, '5 etcdserver: member not found'],
    ] as const) {
      const update = call(setup, 'Cluster/MemberUpdate', [
        'etcdserverpb.MemberUpdateRequest',
        { ID, peerURLs },
      ]);
      const five = { id: '0000000000000005', name: '', peerUrls: [], clientUrls: [], isLearner: false };
      setup.service.memberLists.pop()!.completion.complete({ kind: 'memberList', members: [five] });
      assert.equal(update.answer, expected);
    }
  }
  const removed = call(setup, 'Cluster/MemberRemove', NOTHING);
  const promoted = call(setup, 'Cluster/MemberPromote', NOTHING);
  const [removal, promotion] = setup.service.memberChanges;
  assert.equal(setup.service.memberChanges.length, 2);
  removal!.completion.complete({
    kind: 'failure',
    reason: { code: 'memberNotFound' },
    revision: revision(2),
  });
  promotion!.completion.complete({ kind: 'serviceFailure', code: 'learnerNotReady' });
  assert.equal(removed.answer, '5 etcdserver: member not found');
  assert.equal(
    promoted.answer,
    '9 etcdserver: can only promote a learner member which is in sync with leader',
  );
});

test('the member list byte for byte, as etcd 3.7 heads it: with the revision', () => {
  const setup = setUp();
  const made = call(setup, 'Cluster/MemberList', NOTHING);
  setup.service.memberLists[0]!.completion.complete({
    kind: 'memberList',
    members: [
      {
        id: '22197522e0270d61',
        name: 'm1',
        peerUrls: ['http://127.0.0.1:35535'],
        clientUrls: ['http://127.0.0.1:41245'],
        isLearner: false,
      },
    ],
  });
  assert.equal(
    made.answer,
    `0a18${IDS}18022002123e08e19a9c81aea4dd8c2212026d311a16687474703a2f2f3132372e302e302e313a3335353335` +
      '2216687474703a2f2f3132372e302e302e313a3431323435',
  );
});

test('health: the server as a whole serves, single services are not known', () => {
  const setup = setUp();
  const named: TableMessage = { service: 'etcdserverpb.KV' };
  const name = Buffer.from([10, 15, ...Buffer.from(named['service'] as string)]);
  assert.equal(call(setup, '/grpc.health.v1.Health/Check', NOTHING).answer, '0801');
  assert.equal(call(setup, '/grpc.health.v1.Health/Check', name).answer, '5 unknown service');
  assert.match(
    call(setup, '/grpc.health.v1.Health/Check', Buffer.from([10, 1, 255])).answer,
    /^13 grpc: error unmarshalling request: /,
  );
  const watch = open(setup, '/grpc.health.v1.Health/Watch');
  assert.deepEqual(watch.say(NOTHING), ['0801']);
  assert.deepEqual(watch.say(NOTHING), []);
  assert.deepEqual(open(setup, '/grpc.health.v1.Health/Watch').say(name), ['0803']);
  assert.equal(watch.call.status, undefined);
});
