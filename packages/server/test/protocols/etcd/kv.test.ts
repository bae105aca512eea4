/** The KV service: answers byte for byte as etcd 3.4.23 gave them for the same state, failures, and rules for every call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandResult, type KeyRecord, key, NO_LEASE, revision } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { call, setUp } from './fake-calls.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const PUT = ['etcdserverpb.PutRequest', { key: bytes('a'), value: bytes('1') }] as const;
const RANGE = ['etcdserverpb.RangeRequest', { key: bytes('a') }] as const;
const TXN = ['etcdserverpb.TxnRequest', {}] as const;

/** The cluster's and the member's id as they stood in the captured answers, and in the fake service. */
const IDS = '08dfabe2a6a79cc4842c10e19a9c81aea4dd8c22';

function record(name: string, value: string, create: number, mod: number, version: number): KeyRecord {
  return {
    key: key(name),
    value: bytes(value),
    createRevision: revision(create),
    modRevision: revision(mod),
    version,
    lease: NO_LEASE,
  };
}

const COMPACTION = ['etcdserverpb.CompactionRequest', { revision: 3n, physical: false }] as const;
const COMPACTED = { kind: 'compacted', revision: revision(10) } as const;

function commandAnswer(
  path: string,
  request: readonly [string, object],
  result: CommandResult | ServiceFailure,
) {
  const setup = setUp();
  const made = call(setup, path, request as typeof TXN);
  assert.deepEqual(made.answers, [], 'nothing is answered before the service is done');
  setup.service.commands[0]!.completion.complete(result);
  return made.answer;
}

test('a put, and one with the previous record', () => {
  assert.equal(
    commandAnswer('KV/Put', PUT, { kind: 'put', revision: revision(2), previous: undefined }),
    `0a18${IDS}18022002`,
  );
  assert.equal(
    commandAnswer('KV/Put', PUT, {
      kind: 'put',
      revision: revision(3),
      previous: record('a', '1', 2, 2, 1),
    }),
    `0a18${IDS}18032002120c0a01611002180220012a0131`,
  );
});

test('a range', () => {
  const setup = setUp();
  const made = call(setup, 'KV/Range', RANGE);
  setup.service.ranges[0]!.completion.complete({
    kind: 'range',
    revision: revision(3),
    records: [record('a', '2', 2, 3, 2)],
    more: false,
    count: 1,
  });
  assert.equal(made.answer, `0a18${IDS}18032002120c0a01611002180320022a01322001`);
});

test('a transaction with every kind of operation inside', () => {
  const now = revision(10);
  const before = record('a', '2', 2, 3, 2);
  const after = record('a', '5', 2, 10, 3);
  const range = (records: readonly KeyRecord[], at: number) => ({
    kind: 'range' as const,
    revision: revision(at),
    records,
    more: false,
    count: 1,
  });
  assert.equal(
    commandAnswer('KV/Txn', TXN, {
      kind: 'transaction',
      revision: now,
      succeeded: true,
      results: [
        range([before], 9),
        { kind: 'put', revision: now, previous: before },
        range([after], 10),
        { kind: 'deleteRange', revision: now, deleted: 128, previous: [] },
        { kind: 'transaction', revision: now, succeeded: true, results: [range([], 10)] },
        {
          kind: 'transaction',
          revision: now,
          succeeded: true,
          results: [{ kind: 'put', revision: now, previous: undefined }],
        },
      ],
    }),
    [
      `0a18${IDS}180a2002`,
      '1001',
      '1a160a140a021809120c0a01611002180320022a01322001',
      '1a1412120a02180a120c0a01611002180320022a0132',
      '1a160a140a02180a120c0a01611002180a20032a01352001',
      '1a091a070a02180a108001',
      '1a10220e0a0010011a080a060a02180a2001',
      '1a0e220c0a0010011a0612040a02180a',
    ].join(''),
  );
});

test('a transaction that did nothing, and a compaction', () => {
  assert.equal(
    commandAnswer('KV/Txn', TXN, {
      kind: 'transaction',
      revision: revision(10),
      succeeded: true,
      results: [],
    }),
    `0a18${IDS}180a20021001`,
  );
  assert.equal(commandAnswer('KV/Compact', COMPACTION, COMPACTED), `0a18${IDS}180a2002`);
});

test('a physical compaction is answered once the space is free', () => {
  const setup = setUp();
  const made = call(setup, 'KV/Compact', [
    'etcdserverpb.CompactionRequest',
    { revision: 3n, physical: true },
  ]);
  setup.service.commands[0]!.completion.complete(COMPACTED);
  assert.deepEqual(made.answers, []);
  setup.service.reclaims[0]!();
  assert.equal(made.answer, `0a18${IDS}180a2002`);
});

test('the neutral failures in etcd’s words', () => {
  const reasons = [
    [{ code: 'keyNotFound' }, '3 etcdserver: key not found'],
    [{ code: 'leaseNotFound', id: NO_LEASE }, '5 etcdserver: requested lease not found'],
    [
      { code: 'revisionCompacted', compactRevision: revision(5) },
      '11 etcdserver: mvcc: required revision has been compacted',
    ],
    [
      { code: 'revisionInFuture', currentRevision: revision(5) },
      '11 etcdserver: mvcc: required revision is a future revision',
    ],
  ] as const;
  for (const [reason, status] of reasons) {
    const failure = { kind: 'failure', reason, revision: revision(5) } as const;
    assert.equal(commandAnswer('KV/Put', PUT, failure), status);
    const setup = setUp();
    const made = call(setup, 'KV/Range', RANGE);
    setup.service.ranges[0]!.completion.complete(failure);
    assert.equal(made.answer, status);
  }
  assert.equal(
    commandAnswer('KV/Put', PUT, { kind: 'serviceFailure', code: 'timeoutLeaderFailed' }),
    '14 etcdserver: request timed out, possibly due to previous leader failure',
  );
});

test('the term in the header is that of the moment of the answer', () => {
  const setup = setUp();
  const made = call(setup, 'KV/Put', PUT);
  setup.service.term = 300;
  setup.service.commands[0]!.completion.complete({
    kind: 'put',
    revision: revision(2),
    previous: undefined,
  });
  assert.equal(made.decoded('etcdserverpb.PutResponse')['header'] instanceof Object, true);
  assert.equal(made.answer, `0a19${IDS}180220ac02`);
});

test('a client that wants a leader is refused where there is none; another one is not', () => {
  const setup = setUp();
  setup.service.hasLeader = false;
  assert.equal(call(setup, 'KV/Put', PUT, { hasleader: 'true' }).answer, '14 etcdserver: no leader');
  assert.equal(call(setup, 'KV/Range', RANGE, { hasleader: 'true' }).answer, '14 etcdserver: no leader');
  assert.equal(setup.service.asked, 0);
  call(setup, 'KV/Put', PUT, { hasleader: 'false' });
  call(setup, 'KV/Range', RANGE);
  assert.equal(setup.service.asked, 2);
});

test('a learner answers serializable ranges and the status, and nothing else', () => {
  const setup = setUp();
  setup.service.isLearner = true;
  const refused = '9 etcdserver: rpc not supported for learner';
  assert.equal(call(setup, 'KV/Put', PUT).answer, refused);
  assert.equal(call(setup, 'KV/Range', RANGE).answer, refused);
  assert.equal(call(setup, 'KV/Txn', TXN).answer, refused);
  assert.equal(call(setup, 'Cluster/MemberList', Buffer.alloc(0)).answer, refused);
  assert.equal(call(setup, 'Lease/LeaseLeases', Buffer.alloc(0)).answer, refused);
  assert.equal(setup.service.asked, 0);
  call(setup, 'KV/Range', ['etcdserverpb.RangeRequest', { key: bytes('a'), serializable: true }]);
  assert.equal(setup.service.ranges.length, 1);
  assert.match(call(setup, 'Maintenance/Status', Buffer.alloc(0)).answer, /^0a18/);
});
