/**
 * Requests written by the wire tables alone come out of our decoders field by field: every name, number and type of the
 * tables is met, whatever the values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeDeleteRangeRequest } from '../../../src/protocols/etcd/messages/delete-range.ts';
import { decodeLeaseKeepAliveRequest } from '../../../src/protocols/etcd/messages/lease-keep-alive.ts';
import { decodePutRequest } from '../../../src/protocols/etcd/messages/put.ts';
import { decodeRangeRequest } from '../../../src/protocols/etcd/messages/range.ts';
import {
  alarmRequest,
  compactionRequest,
  leaseGrantRequest,
  leaseRevokeRequest,
  leaseTimeToLiveRequest,
  memberListRequest,
} from '../../../src/protocols/etcd/messages/rare-messages.ts';
import { decodeTransactionRequest } from '../../../src/protocols/etcd/messages/transaction.ts';
import { decodeWatchRequest } from '../../../src/protocols/etcd/messages/watch.ts';
import { ProtobufReader } from '../../../src/protocols/etcd/protobuf/reader.ts';
import { fieldsOf, type TableMessage, type TableValue, tableEncode } from './wire/table-codec.ts';
import { resolveType } from './wire/wire-tables.ts';

function decode<Message>(bytes: Uint8Array, decoder: (reader: ProtobufReader) => Message): Message {
  const reader = new ProtobufReader();
  reader.open(bytes);
  return decoder(reader);
}

const safe = fc.maxSafeInteger().map(BigInt);

/** Any value of a scalar field's type, and fields left out. */
function anyMessage(name: string): fc.Arbitrary<TableMessage> {
  const fields: Record<string, fc.Arbitrary<TableValue>> = {};
  for (const field of fieldsOf(name)) {
    let one: fc.Arbitrary<TableValue>;
    if (field.type === 'int64') one = safe;
    else if (field.type === 'uint64') one = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
    else if (field.type === 'bool') one = fc.boolean();
    else if (field.type === 'bytes')
      one = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    else if (field.type === 'string') one = fc.string();
    else if (resolveType(name, field.type).kind === 'enum') one = fc.bigInt({ min: 0n, max: 5n });
    else throw new Error(`${name}.${field.name} is a message: give it by hand`);
    fields[field.name] = field.repeated ? fc.array(one, { maxLength: 4 }) : one;
  }
  return fc.record(fields, { requiredKeys: [] }).map((message) => message as TableMessage);
}

type Reading = (value: TableValue | undefined) => unknown;
const number: Reading = (value) => Number((value as bigint | undefined) ?? 0n);
const bool: Reading = (value) => value ?? false;
const latin1: Reading = (value) => Buffer.from((value as Uint8Array | undefined) ?? []).toString('latin1');
const bytes: Reading = (value) => [...((value as Uint8Array | undefined) ?? [])];
const numbers: Reading = (value) => ((value as readonly bigint[] | undefined) ?? []).map(Number);
const hex = (value: TableValue | undefined): string =>
  BigInt.asUintN(64, (value as bigint | undefined) ?? 0n)
    .toString(16)
    .padStart(16, '0');
const id: Reading = hex;
const lease: Reading = (value) => (value === undefined || value === 0n ? '' : hex(value));

/** For one message: what our decoder calls each field of the table, and how its value reads there. */
type Reflection = Readonly<Record<string, readonly [ours: string, reading: Reading]>>;

const REFLECTIONS: readonly {
  readonly message: string;
  readonly fields: Reflection;
  readonly decode: (bytes: Uint8Array) => object;
}[] = [
  {
    message: 'etcdserverpb.RangeRequest',
    decode: (each) => decode(each, decodeRangeRequest),
    fields: {
      key: ['key', latin1],
      range_end: ['rangeEnd', latin1],
      limit: ['limit', number],
      revision: ['revision', number],
      sort_order: ['sortOrder', number],
      sort_target: ['sortTarget', number],
      serializable: ['serializable', bool],
      keys_only: ['keysOnly', bool],
      count_only: ['countOnly', bool],
      min_mod_revision: ['minModRevision', number],
      max_mod_revision: ['maxModRevision', number],
      min_create_revision: ['minCreateRevision', number],
      max_create_revision: ['maxCreateRevision', number],
    },
  },
  {
    message: 'etcdserverpb.PutRequest',
    decode: (each) => decode(each, decodePutRequest),
    fields: {
      key: ['key', latin1],
      value: ['value', bytes],
      lease: ['lease', lease],
      prev_kv: ['previous', bool],
      ignore_value: ['ignoreValue', bool],
      ignore_lease: ['ignoreLease', bool],
    },
  },
  {
    message: 'etcdserverpb.DeleteRangeRequest',
    decode: (each) => decode(each, decodeDeleteRangeRequest),
    fields: { key: ['key', latin1], range_end: ['rangeEnd', latin1], prev_kv: ['previous', bool] },
  },
  {
    message: 'etcdserverpb.WatchCreateRequest',
    decode(each) {
      const wrapped = Buffer.concat([Buffer.from([10, each.length]), each]);
      const request = decode(wrapped, decodeWatchRequest);
      assert.equal(request.kind, 'create');
      return request.kind === 'create' ? request.request : {};
    },
    fields: {
      key: ['key', latin1],
      range_end: ['rangeEnd', latin1],
      start_revision: ['startRevision', number],
      progress_notify: ['progressNotify', bool],
      filters: ['filters', numbers],
      prev_kv: ['previous', bool],
      watch_id: ['watchId', number],
      fragment: ['fragment', bool],
    },
  },
  {
    message: 'etcdserverpb.LeaseKeepAliveRequest',
    decode: (each) => ({ id: decode(each, decodeLeaseKeepAliveRequest) }),
    fields: { ID: ['id', lease] },
  },
  {
    message: 'etcdserverpb.CompactionRequest',
    decode: (each) => decode(each, compactionRequest.decode),
    fields: { revision: ['revision', number], physical: ['physical', bool] },
  },
  {
    message: 'etcdserverpb.LeaseGrantRequest',
    decode: (each) => decode(each, leaseGrantRequest.decode),
    fields: { TTL: ['TTL', number], ID: ['ID', lease] },
  },
  {
    message: 'etcdserverpb.LeaseRevokeRequest',
    decode: (each) => decode(each, leaseRevokeRequest.decode),
    fields: { ID: ['ID', lease] },
  },
  {
    message: 'etcdserverpb.LeaseTimeToLiveRequest',
    decode: (each) => decode(each, leaseTimeToLiveRequest.decode),
    fields: { ID: ['ID', lease], keys: ['keys', bool] },
  },
  {
    message: 'etcdserverpb.MemberListRequest',
    decode: (each) => decode(each, memberListRequest.decode),
    fields: { linearizable: ['linearizable', bool] },
  },
  {
    message: 'etcdserverpb.AlarmRequest',
    decode: (each) => decode(each, alarmRequest.decode),
    fields: { action: ['action', number], memberID: ['memberID', id], alarm: ['alarm', number] },
  },
];

for (const { message, fields, decode: decodeOurs } of REFLECTIONS) {
  test(`${message}: every field of the table is decoded`, () => {
    assert.deepEqual(
      Object.keys(fields).sort(),
      fieldsOf(message)
        .map((field) => field.name)
        .sort(),
    );
    fc.assert(
      fc.property(anyMessage(message), (given) => {
        const ours = decodeOurs(tableEncode(message, given)) as Readonly<Record<string, unknown>>;
        assert.equal(Object.keys(ours).length, Object.keys(fields).length);
        for (const [theirs, [name, read]] of Object.entries(fields)) {
          const value = ours[name] instanceof Uint8Array ? [...ours[name]] : ours[name];
          assert.deepEqual(value, read(given[theirs]), `${message}.${theirs}`);
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
}

test('etcdserverpb.TxnRequest: compares on every target, every operation, transactions inside', () => {
  const request = tableEncode('etcdserverpb.TxnRequest', {
    compare: [
      { result: 0n, target: 0n, key: Buffer.from('a'), version: 4n },
      { result: 1n, target: 1n, key: Buffer.from('b'), create_revision: 5n, range_end: Buffer.from('c') },
      { result: 2n, target: 2n, key: Buffer.from('d'), mod_revision: -6n },
      { result: 3n, target: 3n, key: Buffer.from('e'), value: Buffer.from('seven') },
      { result: 3n, target: 4n, key: Buffer.from('f'), lease: 8n },
    ],
    success: [
      { request_range: { key: Buffer.from('g'), limit: 2n } },
      { request_put: { key: Buffer.from('h'), value: Buffer.from('i') } },
      { request_delete_range: { key: Buffer.from('j'), prev_kv: true } },
      { request_txn: { failure: [{ request_put: { key: Buffer.from('k') } }] } },
    ],
    failure: [{}],
  });
  const none = { rangeEnd: '', number: 0, value: [], lease: '' };
  const decoded = decode(request, decodeTransactionRequest);
  assert.deepEqual(
    decoded.compares.map((compare) => ({ ...compare, value: [...compare.value] })),
    [
      { ...none, result: 0, target: 0, key: 'a', operandField: 4, number: 4 },
      { ...none, result: 1, target: 1, key: 'b', operandField: 5, number: 5, rangeEnd: 'c' },
      { ...none, result: 2, target: 2, key: 'd', operandField: 6, number: -6 },
      { ...none, result: 3, target: 3, key: 'e', operandField: 7, value: [...Buffer.from('seven')] },
      { ...none, result: 3, target: 4, key: 'f', operandField: 8, lease: '0000000000000008' },
    ],
  );
  const [first, second, third, fourth] = decoded.success;
  assert.ok(first?.kind === 'range' && first.request.key === 'g' && first.request.limit === 2);
  assert.ok(second?.kind === 'put' && second.request.key === 'h');
  assert.ok(third?.kind === 'deleteRange' && third.request.key === 'j' && third.request.previous);
  assert.ok(fourth?.kind === 'transaction' && fourth.request.failure[0]?.kind === 'put');
  assert.deepEqual(decoded.failure, [{ kind: 'empty' }]);
  for (const [message, count] of [
    ['etcdserverpb.TxnRequest', 3],
    ['etcdserverpb.RequestOp', 4],
    ['etcdserverpb.Compare', 9],
  ] as const)
    assert.equal(fieldsOf(message).length, count, `${message} has fields that this test does not give`);
});

test('a transaction is decoded no deeper than the limit, and what lies below is told', () => {
  let request = tableEncode('etcdserverpb.TxnRequest', {});
  const wrap = (inner: Buffer): Buffer => {
    const head = (tag: number, body: Buffer): Buffer => {
      const length = [];
      let rest = body.length;
      for (; rest >= 0x80; rest >>= 7) length.push((rest & 0x7f) | 0x80);
      return Buffer.concat([Buffer.from([tag, ...length, rest]), body]);
    };
    return head(0x12, head(0x22, inner));
  };
  for (let depth = 0; depth < 2000; depth++) request = wrap(request);
  let level = decode(request, decodeTransactionRequest);
  let depth = 1;
  for (let next = level.success[0]; next?.kind === 'transaction'; next = level.success[0]) {
    level = next.request;
    depth++;
  }
  assert.equal(depth, 129);
  assert.deepEqual(level.success, [{ kind: 'tooDeep' }]);
});

test('etcdserverpb.WatchRequest: each of its three members, and packed filters as newer writers send them', () => {
  assert.deepEqual(
    decode(
      tableEncode('etcdserverpb.WatchRequest', { cancel_request: { watch_id: -7n } }),
      decodeWatchRequest,
    ),
    { kind: 'cancel', watchId: -7 },
  );
  assert.deepEqual(
    decode(tableEncode('etcdserverpb.WatchRequest', { progress_request: {} }), decodeWatchRequest),
    { kind: 'progress' },
  );
  assert.deepEqual(decode(Buffer.alloc(0), decodeWatchRequest), { kind: 'empty' });
  const packed = decode(Buffer.from([10, 4, 0x2a, 2, 0, 1]), decodeWatchRequest);
  assert.ok(packed.kind === 'create');
  assert.deepEqual(packed.request.filters, [0, 1]);
  assert.equal(fieldsOf('etcdserverpb.WatchRequest').length, 3);
});

test('fields that are not known are passed over, of every wire type', () => {
  const unknown = Buffer.from([
    ...[0xf8, 0x3f, 0x96, 1],
    ...[0xfa, 0x3f, 2, 1, 2],
    ...[0xfd, 0x3f, 1, 2, 3, 4],
    ...[0xf9, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8],
  ]);
  const put = Buffer.concat([
    unknown,
    tableEncode('etcdserverpb.PutRequest', { key: Buffer.from('a') }),
    unknown,
  ]);
  assert.equal(decode(put, decodePutRequest).key, 'a');
  assert.equal(decode(unknown, decodeRangeRequest).key, '');
  assert.equal(decode(unknown, leaseGrantRequest.decode).TTL, 0);
});
