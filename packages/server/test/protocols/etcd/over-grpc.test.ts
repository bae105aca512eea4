/** The etcd services behind the real gRPC layer and a real socket: the two fit, and refusals of either come as etcd's. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { key, NO_LEASE, revision } from '@synod/coordination';
import { connectGrpc, type GrpcClient } from '../../../src/grpc/client.ts';
import { createGrpcServer } from '../../../src/grpc/server.ts';
import type { GrpcStatus } from '../../../src/grpc/status.ts';
import { setUp } from './fake-calls.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('the etcd services over gRPC', () => {
  const { service, protocol } = setUp();
  const listener = createGrpcServer({ methods: protocol.methods });
  const server = createServer((socket) => listener.accept(socket));
  let client: GrpcClient;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = connectGrpc({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });
  after(() => {
    client.destroy();
    listener.destroy();
    server.close();
    protocol.stop();
  });

  /** Makes the fake service answer what comes next. */
  function whenAsked<Asked>(list: Asked[], answer: (asked: Asked) => void): void {
    list.push = (...items) => {
      Reflect.deleteProperty(list, 'push');
      queueMicrotask(() => items.forEach(answer));
      return Array.prototype.push.apply(list, items);
    };
  }

  it('answers a put of a large value, whose bytes come in many frames', async () => {
    const value = Buffer.alloc(1_000_000, 'v');
    whenAsked(service.commands, ({ question, completion }) => {
      assert.ok(question.kind === 'put' && Buffer.compare(value, question.value) === 0);
      completion.complete({ kind: 'put', revision: revision(3), previous: undefined });
    });
    const request = tableEncode('etcdserverpb.PutRequest', { key: bytes('a'), value });
    const { status, message } = await client.call('/etcdserverpb.KV/Put', request);
    assert.equal(status.code, 0);
    const { header } = tableDecode('etcdserverpb.PutResponse', message!);
    assert.equal((header as TableMessage)['revision'], 3n);
  });

  it('answers a range larger than a frame', async () => {
    const record = {
      key: key('a'),
      value: Buffer.alloc(100_000, 'r'),
      createRevision: revision(2),
      modRevision: revision(2),
      version: 1,
      lease: NO_LEASE,
    };
    whenAsked(service.ranges, ({ completion }) =>
      completion.complete({
        kind: 'range',
        revision: revision(3),
        records: [record, record],
        more: false,
        count: 2,
      }),
    );
    const request = tableEncode('etcdserverpb.RangeRequest', { key: bytes('a') });
    const { message } = await client.call('/etcdserverpb.KV/Range', request);
    const decoded = tableDecode('etcdserverpb.RangeResponse', message!);
    assert.equal((decoded['kvs'] as TableMessage[]).length, 2);
  });

  it('refuses with etcd’s words, and asks nothing', async () => {
    const before = service.asked;
    const refusals: readonly (readonly [string, Uint8Array, GrpcStatus])[] = [
      ['/etcdserverpb.KV/Put', Buffer.alloc(0), { code: 3, text: 'etcdserver: key is not provided' }],
      [
        '/etcdserverpb.KV/Put',
        tableEncode('etcdserverpb.PutRequest', { key: bytes('a'), value: Buffer.alloc(1_600_000) }),
        { code: 3, text: 'etcdserver: request is too large' },
      ],
      [
        '/etcdserverpb.KV/Put',
        tableEncode('etcdserverpb.PutRequest', { key: bytes('a'), value: Buffer.alloc(2_200_000) }),
        { code: 8, text: 'grpc: received message larger than max (2200008 vs. 2097152)' },
      ],
      [
        '/etcdserverpb.KV/RangeFlood',
        Buffer.alloc(0),
        { code: 12, text: 'unknown method RangeFlood for service etcdserverpb.KV' },
      ],
      ['/v3lockpb.Locks/Lock', Buffer.alloc(0), { code: 12, text: 'unknown service v3lockpb.Locks' }],
    ];
    for (const [path, request, expected] of refusals)
      assert.deepEqual((await client.call(path, request)).status, expected, path);
    const wantsLeader = { metadata: [['hasleader', 'true']] as const };
    service.hasLeader = false;
    assert.deepEqual(
      (await client.call('/etcdserverpb.KV/Put', Buffer.from([10, 1, 97]), wantsLeader)).status,
      {
        code: 14,
        text: 'etcdserver: no leader',
      },
    );
    service.hasLeader = true;
    assert.equal(service.asked, before);
  });

  it('carries a watch both ways, and tells the hub when the client leaves', async () => {
    const heard: TableMessage[] = [];
    let next: (() => void) | undefined;
    const stream = client.stream('/etcdserverpb.Watch/Watch', {
      onMessage(message) {
        heard.push(tableDecode('etcdserverpb.WatchResponse', message));
        next?.();
      },
      onEnd: () => undefined,
    });
    const message = () =>
      new Promise<void>((resolve) => {
        next = resolve;
      });
    const created = message();
    stream.send(tableEncode('etcdserverpb.WatchRequest', { create_request: { key: bytes('w') } }));
    await created;
    assert.equal(heard[0]?.['created'], true);
    const hub = service.streams.at(-1)!;
    const event = message();
    hub.sink.events(0, revision(3), [
      {
        kind: 'put',
        record: {
          key: key('w'),
          value: bytes('x'),
          createRevision: revision(3),
          modRevision: revision(3),
          version: 1,
          lease: NO_LEASE,
        },
      },
    ]);
    await event;
    assert.equal((heard[1]!['events'] as TableMessage[]).length, 1);
    const closed = new Promise<void>((resolve) => {
      hub.close = resolve;
    });
    stream.cancel();
    await closed;
  });
});
