/** What our encoders write reads back, by the wire tables alone, as what was given, and only in the tables' fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type KeyRecord,
  key,
  leaseId,
  NO_LEASE,
  type RangeResult,
  revision,
  type TransactionResult,
} from '@synod/coordination';
import fc from 'fast-check';
import { writeDeleteRangeBody } from '../../../src/protocols/etcd/messages/delete-range.ts';
import { eventSize, writeEvent } from '../../../src/protocols/etcd/messages/key-value.ts';
import { writeLeaseKeepAliveBody } from '../../../src/protocols/etcd/messages/lease-keep-alive.ts';
import { writePutBody } from '../../../src/protocols/etcd/messages/put.ts';
import { writeRangeBody } from '../../../src/protocols/etcd/messages/range.ts';
import {
  leaseGrantResponse,
  leaseLeasesResponse,
  leaseTimeToLiveResponse,
  memberListResponse,
  statusResponse,
} from '../../../src/protocols/etcd/messages/rare-messages.ts';
import { ResponseHeaders } from '../../../src/protocols/etcd/messages/response-header.ts';
import { writeTransactionBody } from '../../../src/protocols/etcd/messages/transaction.ts';
import { WATCH_EVENTS, writeWatchAnswer } from '../../../src/protocols/etcd/messages/watch.ts';
import { ProtobufWriter } from '../../../src/protocols/etcd/protobuf/writer.ts';
import { fieldsOf, type TableMessage, tableDecode } from './wire/table-codec.ts';

const headers = new ResponseHeaders('00000000000000ff', 'fedcba9876543210');
const HEADER = {
  cluster_id: 0xffn,
  member_id: 0xfedcba9876543210n,
  revision: 77n,
  raft_term: 3n,
} as const;

function written(message: string, write: (writer: ProtobufWriter) => void): TableMessage {
  const writer = new ProtobufWriter();
  headers.write(writer, 77, 3);
  write(writer);
  return tableDecode(message, writer.finish());
}

/** Fails if the table has a field that the test did not see, so that nothing is left out unseen. */
function assertAllFields(message: string, seen: TableMessage): void {
  assert.deepEqual(
    Object.keys(seen).sort(),
    fieldsOf(message)
      .map((field) => field.name)
      .sort(),
  );
}

const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const records: fc.Arbitrary<KeyRecord> = fc.record({
  key: fc
    .uint8Array({ minLength: 1, maxLength: 200 })
    .map((bytes) => key(Buffer.from(bytes).toString('latin1'))),
  value: fc.uint8Array({ maxLength: 300 }),
  createRevision: positive.map(revision),
  modRevision: positive.map(revision),
  version: positive,
  lease: fc.oneof(
    fc.constant(NO_LEASE),
    fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map((id) => leaseId(id.toString(16).padStart(16, '0'))),
  ),
});

/** A record as the table names its fields, defaults left out. */
function wireRecord(record: KeyRecord): TableMessage {
  return {
    key: Buffer.from(record.key, 'latin1'),
    create_revision: BigInt(record.createRevision),
    mod_revision: BigInt(record.modRevision),
    version: BigInt(record.version),
    ...(record.value.length > 0 ? { value: Buffer.from(record.value) } : {}),
    ...(record.lease === NO_LEASE ? {} : { lease: BigInt.asIntN(64, BigInt(`0x${record.lease}`)) }),
  };
}

const RECORD: KeyRecord = {
  key: key('a'),
  value: Buffer.from('1'),
  createRevision: revision(2),
  modRevision: revision(300),
  version: 4,
  lease: leaseId('00000000000000aa'),
};

test('mvccpb.KeyValue in a RangeResponse: any record', () => {
  fc.assert(
    fc.property(fc.array(records, { maxLength: 5 }), positive, (list, count) => {
      const result: RangeResult = { kind: 'range', revision: revision(1), records: list, more: true, count };
      const seen = written('etcdserverpb.RangeResponse', (writer) => writeRangeBody(writer, result));
      assert.deepEqual(seen, {
        header: HEADER,
        ...(list.length > 0 ? { kvs: list.map(wireRecord) } : {}),
        more: true,
        count: BigInt(count),
      });
    }),
    { seed: 1, numRuns: 100 },
  );
  assertAllFields('mvccpb.KeyValue', wireRecord(RECORD));
  assertAllFields('etcdserverpb.ResponseHeader', HEADER);
});

test('PutResponse, DeleteRangeResponse: with and without previous records', () => {
  const previous = { ...RECORD };
  const put = written('etcdserverpb.PutResponse', (writer) =>
    writePutBody(writer, { kind: 'put', revision: revision(1), previous }),
  );
  assert.deepEqual(put, { header: HEADER, prev_kv: wireRecord(RECORD) });
  assertAllFields('etcdserverpb.PutResponse', put);

  const deleted = written('etcdserverpb.DeleteRangeResponse', (writer) =>
    writeDeleteRangeBody(writer, {
      kind: 'deleteRange',
      revision: revision(1),
      deleted: 2,
      previous: [RECORD, RECORD],
    }),
  );
  assert.deepEqual(deleted, {
    header: HEADER,
    deleted: 2n,
    prev_kvs: [wireRecord(RECORD), wireRecord(RECORD)],
  });
  assertAllFields('etcdserverpb.DeleteRangeResponse', deleted);
});

test('TxnResponse: every kind of result, inner headers as etcd has them', () => {
  const inner: TransactionResult = {
    kind: 'transaction',
    revision: revision(9),
    succeeded: false,
    results: [{ kind: 'put', revision: revision(9), previous: undefined }],
  };
  const seen = written('etcdserverpb.TxnResponse', (writer) =>
    writeTransactionBody(writer, {
      kind: 'transaction',
      revision: revision(9),
      succeeded: true,
      results: [
        { kind: 'range', revision: revision(8), records: [RECORD], more: false, count: 1 },
        { kind: 'put', revision: revision(9), previous: RECORD },
        { kind: 'deleteRange', revision: revision(9), deleted: 0, previous: [] },
        inner,
      ],
    }),
  );
  assert.deepEqual(seen, {
    header: HEADER,
    succeeded: true,
    responses: [
      { response_range: { header: { revision: 8n }, kvs: [wireRecord(RECORD)], count: 1n } },
      { response_put: { header: { revision: 9n }, prev_kv: wireRecord(RECORD) } },
      { response_delete_range: { header: { revision: 9n } } },
      {
        response_txn: {
          header: {},
          responses: [{ response_put: { header: { revision: 9n } } }],
        },
      },
    ],
  });
  assertAllFields('etcdserverpb.TxnResponse', seen);
  assert.equal(fieldsOf('etcdserverpb.ResponseOp').length, 4);
});

test('WatchResponse: every field, events of both kinds, sizes known beforehand', () => {
  const writer = new ProtobufWriter();
  for (const previous of [undefined, RECORD])
    for (const kind of ['put', 'delete'] as const) {
      const event = { kind, record: RECORD, previous };
      writeEvent(writer, WATCH_EVENTS, event);
      assert.equal(writer.finish().length, eventSize(event));
    }

  const seen = written('etcdserverpb.WatchResponse', (each) => {
    writeWatchAnswer(each, {
      watchId: -1,
      created: true,
      canceled: true,
      compactRevision: 5,
      cancelReason: 'é',
      fragment: true,
    });
    writeEvent(each, WATCH_EVENTS, { kind: 'put', record: RECORD });
    writeEvent(each, WATCH_EVENTS, { kind: 'delete', record: RECORD, previous: RECORD });
  });
  assert.deepEqual(seen, {
    header: HEADER,
    watch_id: -1n,
    created: true,
    canceled: true,
    compact_revision: 5n,
    cancel_reason: 'é',
    fragment: true,
    events: [{ kv: wireRecord(RECORD) }, { type: 1n, kv: wireRecord(RECORD), prev_kv: wireRecord(RECORD) }],
  });
  assertAllFields('etcdserverpb.WatchResponse', seen);
});

test('the answers of leases, members and status', () => {
  const lease = leaseId('00000000000000aa');
  const keepAlive = written('etcdserverpb.LeaseKeepAliveResponse', (writer) =>
    writeLeaseKeepAliveBody(writer, lease, 60),
  );
  assert.deepEqual(keepAlive, { header: HEADER, ID: 0xaan, TTL: 60n });
  assertAllFields('etcdserverpb.LeaseKeepAliveResponse', keepAlive);

  const granted = written('etcdserverpb.LeaseGrantResponse', (writer) =>
    leaseGrantResponse.encode(writer, { ID: lease, TTL: 60, error: 'no' }),
  );
  assert.deepEqual(granted, { header: HEADER, ID: 0xaan, TTL: 60n, error: 'no' });
  assertAllFields('etcdserverpb.LeaseGrantResponse', granted);

  const timeToLive = written('etcdserverpb.LeaseTimeToLiveResponse', (writer) =>
    leaseTimeToLiveResponse.encode(writer, { ID: lease, TTL: -1, grantedTTL: 9, keys: ['', 'ÿ'] }),
  );
  assert.deepEqual(timeToLive, {
    header: HEADER,
    ID: 0xaan,
    TTL: -1n,
    grantedTTL: 9n,
    keys: [Buffer.alloc(0), Buffer.from([255])],
  });
  assertAllFields('etcdserverpb.LeaseTimeToLiveResponse', timeToLive);

  const list = written('etcdserverpb.LeaseLeasesResponse', (writer) =>
    leaseLeasesResponse.encode(writer, { leases: [{ ID: lease }, { ID: leaseId('ffffffffffffffff') }] }),
  );
  assert.deepEqual(list, { header: HEADER, leases: [{ ID: 0xaan }, { ID: -1n }] });
  assertAllFields('etcdserverpb.LeaseLeasesResponse', list);

  const members = written('etcdserverpb.MemberListResponse', (writer) =>
    memberListResponse.encode(writer, {
      members: [
        {
          ID: 'ffffffffffffffff',
          name: 'm1',
          peerURLs: ['http://a', 'http://b'],
          clientURLs: ['http://c'],
          isLearner: true,
        },
      ],
    }),
  );
  assert.deepEqual(members, {
    header: HEADER,
    members: [
      {
        ID: 2n ** 64n - 1n,
        name: 'm1',
        peerURLs: ['http://a', 'http://b'],
        clientURLs: ['http://c'],
        isLearner: true,
      },
    ],
  });
  assertAllFields('etcdserverpb.MemberListResponse', members);
  assert.equal(fieldsOf('etcdserverpb.Member').length, 5);

  const status = written('etcdserverpb.StatusResponse', (writer) =>
    statusResponse.encode(writer, {
      version: '3.7.0',
      dbSize: 1,
      leader: '000000000000000a',
      raftIndex: 2,
      raftTerm: 3,
      raftAppliedIndex: 4,
      errors: ['x'],
      dbSizeInUse: 5,
      isLearner: true,
      storageVersion: '3.7.0',
      dbSizeQuota: 6,
      downgradeInfo: { enabled: true, targetVersion: '3.6.0' },
    }),
  );
  assert.deepEqual(status, {
    header: HEADER,
    version: '3.7.0',
    dbSize: 1n,
    leader: 10n,
    raftIndex: 2n,
    raftTerm: 3n,
    raftAppliedIndex: 4n,
    errors: ['x'],
    dbSizeInUse: 5n,
    isLearner: true,
    storageVersion: '3.7.0',
    dbSizeQuota: 6n,
    downgradeInfo: { enabled: true, targetVersion: '3.6.0' },
  });
  assertAllFields('etcdserverpb.StatusResponse', status);
});
