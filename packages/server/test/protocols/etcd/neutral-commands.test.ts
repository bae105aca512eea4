/** From etcd's words to neutral ones: spans, defaults, sorting, comparisons. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_AFTER, type TransactionCommand } from '@synod/coordination';
import { call, setUp } from './fake-calls.ts';
import type { TableMessage } from './wire/table-codec.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

function queryOf(request: TableMessage) {
  const setup = setUp();
  call(setup, 'KV/Range', ['etcdserverpb.RangeRequest', { key: bytes('a'), ...request }]);
  assert.equal(setup.service.ranges.length, 1);
  return setup.service.ranges[0]!.question;
}

const DEFAULTS = {
  span: { from: 'a', to: undefined },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

test('a range without options is linearizable and asks for the one key', () => {
  assert.deepEqual(queryOf({}), { linearizable: true, query: DEFAULTS });
});

test('every option of a range has its place', () => {
  assert.deepEqual(
    queryOf({
      range_end: bytes('c'),
      limit: 5n,
      revision: 6n,
      sort_order: 2n,
      sort_target: 3n,
      serializable: true,
      keys_only: true,
      count_only: true,
      min_mod_revision: 7n,
      max_mod_revision: 8n,
      min_create_revision: 9n,
      max_create_revision: 10n,
    }),
    {
      linearizable: false,
      query: {
        span: { from: 'a', to: 'c' },
        revision: 6,
        limit: 5,
        sort: { target: 'modRevision', order: 'descending' },
        keysOnly: true,
        countOnly: true,
        minModRevision: 7,
        maxModRevision: 8,
        minCreateRevision: 9,
        maxCreateRevision: 10,
      },
    },
  );
});

test('range_end "\\0" means all from the key on, for any bytes', () => {
  assert.deepEqual(queryOf({ key: bytes('\xff\0'), range_end: bytes('\0'), count_only: true }).query.span, {
    from: '\xff\0',
    to: ALL_AFTER,
  });
});

test('sorting: ascending by key is no sorting, another target without an order is ascending', () => {
  const sorts: readonly (readonly [order: bigint, target: bigint, sort: unknown])[] = [
    [0n, 0n, undefined],
    [1n, 0n, undefined],
    [2n, 0n, { target: 'key', order: 'descending' }],
    [0n, 1n, { target: 'version', order: 'ascending' }],
    [1n, 2n, { target: 'createRevision', order: 'ascending' }],
    [0n, 3n, { target: 'modRevision', order: 'ascending' }],
    [2n, 4n, { target: 'value', order: 'descending' }],
  ];
  for (const [sort_order, sort_target, sort] of sorts)
    assert.deepEqual(queryOf({ sort_order, sort_target }).query.sort, sort, `${sort_order} ${sort_target}`);
});

test('negative numbers: no bound below, nothing passes a bound above, as etcd 3.4.23 answered', () => {
  const { query } = queryOf({
    revision: -9n,
    limit: -9n,
    min_mod_revision: -9n,
    max_mod_revision: -9n,
    min_create_revision: -9n,
    max_create_revision: -9n,
  });
  assert.deepEqual(query, { ...DEFAULTS, maxModRevision: 1, maxCreateRevision: 1 });
});

test('a put with every option', () => {
  const setup = setUp();
  call(setup, 'KV/Put', [
    'etcdserverpb.PutRequest',
    { key: bytes('a\xfe'), value: bytes('v'), lease: -1n, prev_kv: true },
  ]);
  const [asked] = setup.service.commands;
  assert.deepEqual(asked?.question, {
    module: 'keyspace',
    kind: 'put',
    key: 'a\xfe',
    value: bytes('v'),
    lease: 'ffffffffffffffff',
    previous: true,
    keepValue: false,
    keepLease: false,
  });
});

test('a put that keeps value and lease', () => {
  const setup = setUp();
  call(setup, 'KV/Put', [
    'etcdserverpb.PutRequest',
    { key: bytes('a'), ignore_value: true, ignore_lease: true },
  ]);
  const question = setup.service.commands[0]!.question;
  assert.ok(question.kind === 'put' && question.keepValue && question.keepLease && question.lease === '');
});

function comparesOf(compare: TableMessage): TransactionCommand['compares'] {
  const setup = setUp();
  call(setup, 'KV/Txn', ['etcdserverpb.TxnRequest', { compare: [{ key: bytes('a'), ...compare }] }]);
  const question = setup.service.commands[0]!.question;
  assert.ok(question.kind === 'transaction');
  return question.compares;
}

const span = { from: 'a', to: undefined };
const NEVER = { span, result: 'less', target: 'version', number: 0 };

test('comparisons: each result and each target', () => {
  assert.deepEqual(comparesOf({ result: 0n, target: 0n, version: 4n }), [
    { span, result: 'equal', target: 'version', number: 4 },
  ]);
  assert.deepEqual(comparesOf({ result: 1n, target: 1n, create_revision: 4n }), [
    { span, result: 'greater', target: 'createRevision', number: 4 },
  ]);
  assert.deepEqual(comparesOf({ result: 2n, target: 2n, mod_revision: 4n, range_end: bytes('b') }), [
    { span: { from: 'a', to: 'b' }, result: 'less', target: 'modRevision', number: 4 },
  ]);
  assert.deepEqual(comparesOf({ result: 3n, target: 3n, value: bytes('x') }), [
    { span, result: 'notEqual', target: 'value', value: bytes('x') },
  ]);
  assert.deepEqual(comparesOf({ result: 0n, target: 4n, lease: 10n, range_end: bytes('\0') }), [
    { span: { from: 'a', to: ALL_AFTER }, result: 'equal', target: 'lease', lease: '000000000000000a' },
  ]);
});

test('comparisons: an operand for another target counts as none', () => {
  assert.deepEqual(comparesOf({ target: 0n, mod_revision: 7n }), [
    { span, result: 'equal', target: 'version', number: 0 },
  ]);
  const [value] = comparesOf({ target: 3n, version: 7n });
  assert.ok(value?.target === 'value' && value.value.length === 0);
  const [lease] = comparesOf({ target: 4n, version: 7n });
  assert.ok(lease?.target === 'lease' && lease.lease === '');
});

test('comparisons: unknown results hold, unknown targets are equal, as in etcd 3.4.23', () => {
  assert.deepEqual(comparesOf({ result: 9n, version: 7n }), []);
  assert.deepEqual(comparesOf({ result: 0n, target: 9n, version: 7n }), []);
  assert.deepEqual(comparesOf({ result: 1n, target: 9n, version: 7n }), [NEVER]);
});

test('comparisons: against a negative number the answer is known, and no such number goes into the log', () => {
  const results = [[NEVER], [], [NEVER], []];
  for (const [result, expected] of results.entries())
    assert.deepEqual(comparesOf({ result: BigInt(result), version: -1n }), expected);
});

test('a transaction keeps the order of its operations and the branches apart', () => {
  const setup = setUp();
  call(setup, 'KV/Txn', [
    'etcdserverpb.TxnRequest',
    {
      success: [
        { request_put: { key: bytes('a') } },
        { request_delete_range: { key: bytes('b'), range_end: bytes('c'), prev_kv: true } },
      ],
      failure: [{ request_txn: { success: [{ request_range: { key: bytes('d') } }] } }],
    },
  ]);
  const question = setup.service.commands[0]!.question;
  assert.ok(question.kind === 'transaction');
  const [put, remove] = question.success;
  assert.ok(put?.kind === 'put' && put.key === 'a');
  assert.deepEqual(remove, {
    module: 'keyspace',
    kind: 'deleteRange',
    span: { from: 'b', to: 'c' },
    previous: true,
  });
  const [inner] = question.failure;
  assert.ok(inner?.kind === 'transaction');
  assert.deepEqual(inner.success, [
    { module: 'keyspace', kind: 'range', query: { ...DEFAULTS, span: { from: 'd', to: undefined } } },
  ]);
});
