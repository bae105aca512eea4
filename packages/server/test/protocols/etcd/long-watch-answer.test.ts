/** A watch's answer of very many events: made over many turns, and byte for byte what it would be if made at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyRecord, key, NO_LEASE, revision, type WatchEvent } from '@synod/coordination';
import {
  WATCH_ANSWERS_WAITING_BYTES_MAX,
  WATCH_BYTES_AT_ONCE_MAX,
  WATCH_EVENTS_AT_ONCE_MAX,
  WATCH_PIECE_BYTES_MAX,
} from '../../../src/protocols/etcd/limits.ts';
import type { EtcdOptions } from '../../../src/protocols/etcd/member-face.ts';
import { type OpenStream, open, setUp } from './fake-calls.ts';
import type { FakeWatchStream } from './fake-service.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

const COUNT = 20_000;

function record(i: number, version: number): KeyRecord {
  return {
    key: key(`key-${String(i).padStart(6, '0')}`),
    value: Buffer.alloc(version === 0 ? 0 : i % 150, 0x61),
    createRevision: revision(version === 0 ? 0 : 3),
    modRevision: revision(version === 0 ? 7 : 5),
    version,
    lease: NO_LEASE,
  };
}

const DELETIONS: readonly WatchEvent[] = Array.from({ length: COUNT }, (_, i) => ({
  kind: 'delete',
  record: record(i, 0),
  previous: record(i, 2),
}));

interface Watching {
  readonly stream: OpenStream;
  readonly hub: FakeWatchStream;
}

function openWatch(watch: TableMessage, options: Partial<EtcdOptions> = {}): Watching {
  const setup = setUp(options);
  setup.service.revision = revision(7);
  const stream = open(setup, 'Watch/Watch');
  stream.say(['etcdserverpb.WatchRequest', { create_request: { key: Buffer.from('k'), ...watch } }]);
  return { stream, hub: setup.service.streams[0]! };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Until the hub may go on. */
async function sent({ stream, hub }: Watching): Promise<TableMessage[]> {
  while (hub.calls.at(-1) !== 'resume') await turn();
  return stream.heard().map((hex) => tableDecode('etcdserverpb.WatchResponse', Buffer.from(hex, 'hex')));
}

/** Each of them as an answer of its own, which is made at once: `events` is a list, so the answers joined are the whole. */
function atOnce(events: readonly WatchEvent[]): Buffer[] {
  const { stream, hub } = openWatch({ watch_id: 1n });
  return events.map((event) => {
    hub.sink.events(1, revision(7), [event]);
    return Buffer.from(stream.heard()[0]!, 'hex');
  });
}

const HEAD_BYTES = 28;
const headOf = (answer: Buffer): Buffer => answer.subarray(0, HEAD_BYTES);
const eventsOf = (answer: Buffer): Buffer => answer.subarray(HEAD_BYTES);

test('C10 it is one message, of the bytes that it would have if made at once', async () => {
  const watching = openWatch({ watch_id: 1n, prev_kv: true });
  watching.hub.sink.events(1, revision(7), DELETIONS);
  assert.deepEqual(watching.hub.calls, ['pause'], 'the hub waits from the beginning');
  while (watching.hub.calls.at(-1) !== 'resume') await turn();
  assert.deepEqual(watching.hub.calls, ['pause', 'resume']);
  const [message, ...more] = watching.stream.heard();
  assert.deepEqual(more, []);
  assert.equal(watching.stream.call.bytesToCome, 0);
  const alone = atOnce(DELETIONS);
  assert.equal(message, Buffer.concat([headOf(alone[0]!), ...alone.map(eventsOf)]).toString('hex'));
});

test('no turn makes more of it than a piece, and others have theirs in between', async () => {
  const watching = openWatch({ watch_id: 1n });
  watching.hub.sink.events(1, revision(7), DELETIONS);
  const { partBytes } = watching.stream.call;
  const growth: number[] = [];
  for (let before = 0; watching.hub.calls.at(-1) !== 'resume'; before = partBytes.length) {
    await turn();
    growth.push(partBytes.length - before);
  }
  assert.ok(growth.length > 20, `${growth.length} turns`);
  for (const parts of growth) assert.ok(parts <= 1);
  for (const bytes of partBytes) assert.ok(bytes < WATCH_PIECE_BYTES_MAX + 1_000);
});

test('what is short is made at once; what is long by its bytes alone is not; one event always is', async () => {
  const watching = openWatch({ watch_id: 1n });
  const { stream, hub } = watching;
  const large = (i: number): WatchEvent => ({
    kind: 'put',
    record: { ...record(i, 1), value: Buffer.alloc(WATCH_BYTES_AT_ONCE_MAX) },
  });
  hub.sink.events(1, revision(7), DELETIONS.slice(0, WATCH_EVENTS_AT_ONCE_MAX));
  hub.sink.events(1, revision(7), [large(1)]);
  assert.equal(stream.heard().length, 2);
  assert.deepEqual(hub.calls, []);
  for (const events of [DELETIONS.slice(0, WATCH_EVENTS_AT_ONCE_MAX + 1), [large(1), large(2)]]) {
    hub.sink.events(1, revision(7), events);
    assert.deepEqual(stream.heard(), []);
    const [answer, ...more] = await sent(watching);
    assert.deepEqual(more, []);
    assert.equal((answer!['events'] as TableMessage[]).length, events.length);
    hub.calls.length = 0;
  }
});

test('C10 with fragments it is as many messages as are needed, and the last says that it is', async () => {
  // Fragments of half a MiB and 10 kB.
  const options = { requestBytesMax: 10_000 };
  const watching = openWatch({ watch_id: 1n, fragment: true, prev_kv: true }, options);
  watching.hub.sink.events(1, revision(7), DELETIONS);
  while (watching.hub.calls.at(-1) !== 'resume') await turn();
  const messages = watching.stream.heard().map((hex) => Buffer.from(hex, 'hex'));
  const answers = messages.map((bytes) => tableDecode('etcdserverpb.WatchResponse', bytes));
  assert.ok(messages.length > 3);
  const bytesMax = 10_000 + 512 * 1024;
  for (const [i, { length }] of messages.entries()) {
    assert.ok(length < bytesMax);
    if (i < messages.length - 1) assert.ok(length > bytesMax - 600, 'as few as are needed');
  }
  assert.deepEqual(
    answers.map((answer) => answer['fragment'] === true),
    answers.map((_, i) => i < answers.length - 1),
  );
  const keys = answers.flatMap((answer) =>
    (answer['events'] as TableMessage[]).map((event) => String((event['kv'] as TableMessage)['key'])),
  );
  assert.deepEqual(
    keys,
    DELETIONS.map((event) => event.record.key),
  );
});

test('C18 it is made no faster than its client takes it', async () => {
  const watching = openWatch({ watch_id: 1n });
  const { stream, hub } = watching;
  stream.call.flowing = false;
  hub.sink.events(1, revision(7), DELETIONS);
  const { partBytes } = stream.call;
  for (let drains = 1; drains <= 5; drains++) {
    // So many turns that without waiting it would be done.
    for (let i = 0; i < 100; i++) await turn();
    assert.equal(partBytes.length, drains);
    stream.listener.onDrain();
    // A second word of the same is one too many.
    stream.listener.onDrain();
  }
  stream.call.flowing = true;
  const [answer] = await sent(watching);
  assert.equal((answer!['events'] as TableMessage[]).length, COUNT);
  assert.deepEqual(hub.calls, ['pause', 'resume']);
});

test('a client that has no room for its end is waited for before the hub goes on', async () => {
  const { stream, hub } = openWatch({ watch_id: 1n });
  hub.sink.events(1, revision(7), DELETIONS);
  // Two pieces are sent from here on: the last, after which it has no room, is among them.
  while (stream.call.bytesToCome === 0 || stream.call.bytesToCome > WATCH_PIECE_BYTES_MAX) await turn();
  stream.call.flowing = false;
  while (stream.call.bytesToCome > 0) await turn();
  for (let i = 0; i < 10; i++) await turn();
  assert.deepEqual(hub.calls, ['pause']);
  stream.listener.onDrain();
  assert.deepEqual(hub.calls, ['pause', 'resume']);
});

test('C7 what is answered meanwhile comes behind it, and nothing of a cancelled watch after its cancellation', async () => {
  const watching = openWatch({ watch_id: 1n });
  watching.hub.sink.events(1, revision(7), DELETIONS);
  const say = (request: TableMessage) =>
    watching.stream.listener.onMessage(tableEncode('etcdserverpb.WatchRequest', request));
  say({ create_request: { key: Buffer.from('a'), watch_id: 2n } });
  await turn();
  say({ cancel_request: { watch_id: 1n } });
  while (watching.hub.calls.at(-1) !== 'resume') await turn();
  const answers = await sent(watching);
  assert.deepEqual(
    answers.map((answer) => [
      answer['watch_id'],
      answer['created'],
      answer['canceled'],
      answer['events'] !== undefined,
    ]),
    [
      [1n, undefined, undefined, true],
      [2n, true, undefined, false],
      [1n, undefined, true, false],
    ],
  );
});

test('a stream that ends in the middle of it sends no more', async () => {
  const { stream, hub } = openWatch({ watch_id: 1n });
  hub.sink.events(1, revision(7), DELETIONS);
  while (stream.call.partBytes.length < 3) await turn();
  stream.listener.onCancel();
  const { length } = stream.call.partBytes;
  for (let i = 0; i < 10; i++) await turn();
  assert.equal(stream.call.partBytes.length, length);
  assert.deepEqual(hub.calls, ['pause', 'close']);
});

test('R19 a client that asks on and on while it takes nothing is refused', async () => {
  const { stream, hub } = openWatch({ watch_id: 1n });
  stream.call.flowing = false;
  hub.sink.events(1, revision(7), DELETIONS);
  const request = tableEncode('etcdserverpb.WatchRequest', {
    create_request: { key: Buffer.from('a'), start_revision: -1n },
  });
  let asked = 0;
  for (; stream.call.status === undefined; asked++) stream.listener.onMessage(request);
  assert.equal(stream.call.status, '8 etcdserver: too many requests');
  assert.ok(asked > WATCH_ANSWERS_WAITING_BYTES_MAX / 200 && asked < WATCH_ANSWERS_WAITING_BYTES_MAX / 50);
  assert.equal(hub.calls.at(-1), 'close');
  await turn();
});
