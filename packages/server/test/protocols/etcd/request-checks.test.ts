/**
 * What is refused before it reaches the service, each with the code and the text that etcd 3.4.23 gave to the same bytes
 * (3.7 where 3.4 does not look: sort options), and what that etcd let through though one might not expect it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, setUp } from './fake-calls.ts';
import { type TableMessage, tableEncode } from './wire/table-codec.ts';
import { WIRE_RPCS } from './wire/wire-tables.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const range = (key: string): TableMessage => ({ request_range: { key: bytes(key) } });
const put = (key: string): TableMessage => ({ request_put: { key: bytes(key) } });
const remove = (key: string, rangeEnd = ''): TableMessage => ({
  request_delete_range: { key: bytes(key), ...(rangeEnd === '' ? {} : { range_end: bytes(rangeEnd) }) },
});
const inner = (success: TableMessage[], failure: TableMessage[] = []): TableMessage => ({
  request_txn: { success, failure },
});
const many = (count: number): TableMessage[] => Array.from({ length: count }, () => range('k'));
const transaction = (success: TableMessage[], failure: TableMessage[] = [], compare: TableMessage[] = []) =>
  ['KV/Txn', 'TxnRequest', { success, failure, compare }] as const;

const EMPTY_KEY = '3 etcdserver: key is not provided';
const TOO_MANY = '3 etcdserver: too many operations in txn request';
const DUPLICATE = '3 etcdserver: duplicate key given in txn request';
const SORT = '3 etcdserver: invalid sort option';

type Case = readonly [what: string, path: string, message: string, request: TableMessage, status: string];

const REFUSED: readonly Case[] = [
  ['a put without a key', 'KV/Put', 'PutRequest', { value: bytes('1') }, EMPTY_KEY],
  ['a range without a key', 'KV/Range', 'RangeRequest', {}, EMPTY_KEY],
  ['a delete without a key', 'KV/DeleteRange', 'DeleteRangeRequest', {}, EMPTY_KEY],
  [
    'a put that keeps the value and gives one',
    'KV/Put',
    'PutRequest',
    { key: bytes('a'), value: bytes('1'), ignore_value: true },
    '3 etcdserver: value is provided',
  ],
  [
    'a put that keeps the lease and gives one',
    'KV/Put',
    'PutRequest',
    { key: bytes('a'), lease: 5n, ignore_lease: true },
    '3 etcdserver: lease is provided',
  ],
  ['sort order 3', 'KV/Range', 'RangeRequest', { key: bytes('a'), sort_order: 3n }, SORT],
  ['sort order −1', 'KV/Range', 'RangeRequest', { key: bytes('a'), sort_order: -1n }, SORT],
  ['sort target 5', 'KV/Range', 'RangeRequest', { key: bytes('a'), sort_target: 5n }, SORT],
  ['129 operations', ...transaction(many(129)), TOO_MANY],
  ['129 operations in the failure branch', ...transaction([], many(129)), TOO_MANY],
  ['129 compares', ...transaction([], [], Array(129).fill({ key: bytes('k') })), TOO_MANY],
  [
    '128 operations, one of them a transaction of one',
    ...transaction([...many(127), inner([range('k')])]),
    TOO_MANY,
  ],
  ['too many operations before an empty key', ...transaction([put(''), ...many(128)]), TOO_MANY],
  ['a compare without a key', ...transaction([], [], [{ result: 0n }]), EMPTY_KEY],
  ['an inner put without a key', ...transaction([inner([], [put('')])]), EMPTY_KEY],
  ['an operation with nothing in it', ...transaction([{}]), '3 etcdserver: key not found'],
  ['two puts of a key', ...transaction([put('a'), put('a')]), DUPLICATE],
  ['two puts of a key in the failure branch', ...transaction([], [put('a'), put('a')]), DUPLICATE],
  ['a put within a delete', ...transaction([put('b'), remove('a', 'c')]), DUPLICATE],
  ['a put of the first key of a delete', ...transaction([put('a'), remove('a', 'c')]), DUPLICATE],
  ['a put of the deleted key', ...transaction([remove('a'), put('a')]), DUPLICATE],
  [
    'a put within one of several deletes',
    ...transaction([remove('x', 'z'), remove('a', 'c'), remove('b', 'e'), put('d')]),
    DUPLICATE,
  ],
  [
    'a put within a delete, behind a shorter delete inside it',
    ...transaction([remove('a', 'e'), remove('b', 'c'), put('d')]),
    DUPLICATE,
  ],
  [
    'an inner delete, then an inner put',
    ...transaction([inner([remove('x')]), inner([put('x')])]),
    DUPLICATE,
  ],
  ['an inner put and an own delete', ...transaction([inner([put('x')]), remove('x')]), DUPLICATE],
  ['an inner put and an own put', ...transaction([inner([put('x')]), put('x')]), DUPLICATE],
  ['an inner delete and an own put', ...transaction([inner([], [remove('x')]), put('x')]), DUPLICATE],
  [
    'puts of a key in two inner transactions',
    ...transaction([inner([put('x')]), inner([], [put('x')])]),
    DUPLICATE,
  ],
  [
    'a compaction below 0',
    'KV/Compact',
    'CompactionRequest',
    { revision: -4n },
    '11 etcdserver: mvcc: required revision has been compacted',
  ],
  [
    'the revocation of lease 0',
    'Lease/LeaseRevoke',
    'LeaseRevokeRequest',
    {},
    '5 etcdserver: requested lease not found',
  ],
];

for (const [what, path, message, request, status] of REFUSED) {
  test(`${what}: ${status}`, () => {
    const setup = setUp();
    assert.equal(call(setup, path, [`etcdserverpb.${message}`, request]).answer, status);
    assert.equal(setup.service.asked, 0);
  });
}

const ACCEPTED: readonly (readonly [what: string, path: string, message: string, request: TableMessage])[] = [
  [
    '128 operations in each branch',
    ...transaction(many(128), many(128), Array(128).fill({ key: bytes('k') })),
  ],
  ['deletes that meet', ...transaction([remove('a', 'c'), remove('a', 'c'), remove('b')])],
  ['a put beside a delete from a key on', ...transaction([put('q'), remove('p', '\0')])],
  ['a put beside a delete that ends before it begins', ...transaction([remove('c', 'a'), put('b')])],
  ['a put at the end of a delete', ...transaction([put('c'), remove('a', 'c')])],
  ['a put between deletes', ...transaction([remove('a', 'c'), put('d'), remove('e', 'g')])],
  ['a put in both branches', ...transaction([put('a')], [put('a')])],
  ['a put in both inner branches', ...transaction([inner([put('x')], [put('x')])])],
  ['an inner put, then an inner delete', ...transaction([inner([put('x')]), inner([remove('x')])])],
  ['127 operations, one of them a transaction of one', ...transaction([...many(126), inner([range('k')])])],
];

for (const [what, path, message, request] of ACCEPTED) {
  test(`${what}: accepted`, () => {
    const setup = setUp();
    const made = call(setup, path, [`etcdserverpb.${message}`, request]);
    assert.deepEqual(made.answers, []);
    assert.equal(setup.service.commands.length, 1);
  });
}

test('a proposal of 1,572,864 bytes is taken, one of a byte more is not', () => {
  // The largest put that etcd 3.4.23 took was of 1,572,847 bytes, and its proposal 17 bytes larger.
  const setup = setUp();
  const request = (size: number) => {
    const empty = tableEncode('etcdserverpb.PutRequest', {
      key: bytes('size'),
      value: Buffer.alloc(1_500_000),
    });
    return tableEncode('etcdserverpb.PutRequest', {
      key: bytes('size'),
      value: Buffer.alloc(1_500_000 + size - empty.length),
    });
  };
  const largest = request(1_572_847);
  assert.equal(largest.length, 1_572_847);
  call(setup, 'KV/Put', largest);
  assert.equal(setup.service.commands.length, 1);
  assert.equal(call(setup, 'KV/Put', request(1_572_848)).answer, '3 etcdserver: request is too large');
  assert.equal(setup.service.commands.length, 1);
});

test('a tree of transactions within the rule of each branch is still refused past 10,000 operations', () => {
  const setup = setUp();
  const tree = (depth: number): TableMessage[] =>
    Array.from({ length: 8 }, () => (depth === 0 ? range('k') : inner(tree(depth - 1))));
  const taken = tree(3);
  assert.deepEqual(call(setup, 'KV/Txn', ['etcdserverpb.TxnRequest', { success: taken }]).answers, []);
  const refused = tree(4);
  assert.equal(call(setup, 'KV/Txn', ['etcdserverpb.TxnRequest', { success: refused }]).answer, TOO_MANY);
});

test('the worst transaction that is let in is checked within a tenth of a second', () => {
  const setup = setUp();
  const key = (i: number) => `k${i}`;
  let count = 0;
  const leaf = (): TableMessage[] =>
    Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? put(key(count++)) : remove(`d${count++}`)));
  const middle: TableMessage[] = Array.from({ length: 60 }, () => inner(leaf()));
  let chain = inner([...middle]);
  for (let depth = 0; depth < 3; depth++) chain = inner([chain, remove(`e${depth}`)]);
  const request = tableEncode('etcdserverpb.TxnRequest', { success: [chain] });
  const begin = process.cpuUsage();
  call(setup, 'KV/Txn', request);
  const spent = process.cpuUsage(begin);
  assert.equal(setup.service.commands.length, 1);
  assert.ok((spent.user + spent.system) / 1000 < 100, `${(spent.user + spent.system) / 1000} ms of CPU`);
});

test('bytes that are no message: gRPC’s own status, and nothing is asked', () => {
  const setup = setUp();
  const unary = WIRE_RPCS.filter(({ streaming }) => !streaming);
  assert.ok(unary.length > 40);
  for (const { path } of unary)
    assert.match(
      call(setup, path, Buffer.from([10, 5, 1])).answer,
      /^13 grpc: error unmarshalling request: /,
      path,
    );
  assert.equal(setup.service.asked, 0);
});
