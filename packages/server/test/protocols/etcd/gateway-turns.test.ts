/** JSON that takes long to translate waits for turns of its own, so that everybody else is heard meanwhile. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { REQUEST_BYTES_MAX } from '../../../src/grpc/limits.ts';
import { type EtcdProtocol, etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { JsonGateway } from '../../../src/protocols/etcd/gateway/gateway.ts';
import { LONG_MESSAGE_BYTES } from '../../../src/protocols/etcd/gateway/limits.ts';
import { JsonInParts, protobufToJson } from '../../../src/protocols/etcd/gateway/protobuf-to-json.ts';
import { messageSchema } from '../../../src/protocols/etcd/schema/schema.ts';
import { TurnQueue } from '../../../src/protocols/etcd/turn-queue.ts';
import { call, NO_ACCOUNTS, OPTIONS } from './fake-calls.ts';
import { ServedHandler } from './http-client.ts';
import { LocalService } from './local-service.ts';
import { tableEncode } from './wire/table-codec.ts';

const RANGE_RESPONSE = messageSchema('etcdserverpb.RangeResponse');

test('the parts of a message become the JSON of the whole, however it is cut between fields', () => {
  const kv = fc.record({
    key: fc.uint8Array({ minLength: 1 }),
    value: fc.uint8Array(),
    version: fc.bigInt(1n, 9n),
  });
  const parts = fc.record({
    hasHeader: fc.boolean(),
    records: fc.array(fc.array(kv, { maxLength: 3 }), { maxLength: 4 }),
    more: fc.boolean(),
    count: fc.bigInt(0n, 2n ** 40n),
  });
  fc.assert(
    fc.property(parts, ({ hasHeader, records, more, count }) => {
      const encode = (fields: Parameters<typeof tableEncode>[1]): Uint8Array =>
        tableEncode('etcdserverpb.RangeResponse', fields);
      const pieces = [
        encode(hasHeader ? { header: { revision: 7n } } : {}),
        ...records.map((kvs) => encode({ kvs })),
        encode({ ...(more ? { more } : {}), ...(count > 0n ? { count } : {}) }),
      ];
      const json = new JsonInParts(RANGE_RESPONSE);
      const text = pieces.map((piece) => json.text(piece)).join('') + json.end();
      assert.equal(text, protobufToJson(RANGE_RESPONSE, Buffer.concat(pieces)));
    }),
  );
});

describe('over HTTP', () => {
  let service: LocalService;
  let protocol: EtcdProtocol;
  let served: ServedHandler;
  /** Turns that are planned; the test has them begin. */
  let planned: (() => void)[];

  beforeEach(async () => {
    service = new LocalService();
    protocol = etcdProtocol(service, OPTIONS, NO_ACCOUNTS);
    planned = [];
    const gateway = new JsonGateway({
      methods: protocol.methods,
      requestBytesMax: REQUEST_BYTES_MAX,
      // Every piece uses its turn up.
      turns: new TurnQueue({ nowMs: risingByHours(), later: (job) => planned.push(job) }),
    });
    served = await ServedHandler.start((request, response) => gateway.serve(request.url!, request, response));
  });
  afterEach(async () => {
    await served.stop();
    protocol.stop();
  });

  function risingByHours(): () => number {
    let nowMs = 0;
    return () => {
      nowMs += 3_600_000;
      return nowMs;
    };
  }

  async function turnPlanned(): Promise<() => void> {
    while (planned.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return planned.shift()!;
  }

  /** Begins every planned turn until something is done; `before` is called before each look. */
  async function turningUntil<Result>(asked: Promise<Result>, before: () => void): Promise<Result> {
    let isDone = false;
    void asked.then(() => {
      isDone = true;
    });
    while (!isDone) {
      before();
      planned.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return asked;
  }

  const put = (key: string, bytes: number): Promise<{ readonly status: number }> =>
    served.ask('/v3/kv/put', {
      body: JSON.stringify({
        key: Buffer.from(key).toString('base64'),
        value: Buffer.alloc(bytes).toString('base64'),
      }),
    });

  test('of long bodies one is translated a turn, and short ones pass them', async () => {
    const { revision } = service.machine;
    const long = [put('a', LONG_MESSAGE_BYTES), put('b', LONG_MESSAGE_BYTES), put('c', LONG_MESSAGE_BYTES)];
    const turn = await turnPlanned();
    assert.equal((await put('short', 10)).status, 200);
    assert.equal(service.machine.revision, revision + 1, 'no long one was translated');
    turn();
    assert.equal(service.machine.revision, revision + 2, 'one of them was');
    for (let done = 1; done < long.length; done++) (await turnPlanned())();
    assert.deepEqual(
      (await Promise.all(long)).map(({ status }) => status),
      [200, 200, 200],
    );
  });

  test('messages of a stream keep their order behind a long one, and its end', async () => {
    const padding = 'x'.repeat(LONG_MESSAGE_BYTES);
    const asked = served.ask('/v3/lease/keepalive', {
      body: `{"ID":1}{"ID":2,"padding":"${padding}"}{"ID":3}`,
    });
    const heard: string[] = [];
    const answer = await turningUntil(asked, () => {
      for (const { question, completion } of service.keepAlives.splice(0)) {
        heard.push(question.replace(/^0+/, ''));
        completion.complete({ kind: 'leaseRenewed', id: question, ttlSeconds: 9 });
      }
    });
    assert.deepEqual(heard, ['1', '2', '3']);
    assert.deepEqual(
      [...answer.body.matchAll(/"ID":"(\d)"/g)].map(([, id]) => id),
      ['1', '2', '3'],
    );
  });

  test('a long answer is written piece by piece', async () => {
    for (let at = 0; at < 1_500; at++)
      call({ service, protocol }, 'KV/Put', [
        'etcdserverpb.PutRequest',
        { key: Buffer.from(`k${at}`), value: Buffer.alloc(100) },
      ]);
    const asked = served.ask('/v3/kv/range', { body: '{"key":"AA==","range_end":"AA=="}' });
    let turns = 0;
    const answer = await turningUntil(asked, () => {
      turns += planned.length;
    });
    assert.ok(turns >= 3, `${turns} turns`);
    const { kvs, count } = JSON.parse(answer.body) as { kvs: readonly unknown[]; count: string };
    assert.equal(kvs.length, 1_500);
    assert.equal(count, '1500');
  });
});
