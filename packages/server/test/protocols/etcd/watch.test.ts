/** The Watch service: answers byte for byte as etcd 3.4.23 gave them, and what the hub is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_AFTER, type KeyRecord, key, NO_LEASE, revision } from '@synod/coordination';
import { WATCHES_PER_STREAM_MAX } from '../../../src/protocols/etcd/limits.ts';
import { open, setUp } from './fake-calls.ts';
import type { FakeWatchStream } from './fake-service.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const IDS = '08dfabe2a6a79cc4842c10e19a9c81aea4dd8c22';
/** The header at revision 7 and at none. */
const HEADER = `0a18${IDS}18072002`;
const HEADER_WITHOUT_REVISION = `0a16${IDS}2002`;
const NO_WATCH = '10ffffffffffffffffff01';

const create = (fields: TableMessage) => ['etcdserverpb.WatchRequest', { create_request: fields }] as const;
const cancel = (watch_id: bigint) => ['etcdserverpb.WatchRequest', { cancel_request: { watch_id } }] as const;
const W: TableMessage = { key: bytes('w') };

function openWatch(headers: Readonly<Record<string, string>> = {}) {
  const setup = setUp();
  setup.service.revision = revision(7);
  const stream = open(setup, 'Watch/Watch', headers);
  return { ...setup, stream, hub: setup.service.streams[0]! };
}

function record(value: string, create: number, mod: number, version: number): KeyRecord {
  return {
    key: key('w'),
    value: bytes(value),
    createRevision: revision(create),
    modRevision: revision(mod),
    version,
    lease: NO_LEASE,
  };
}

test('a watch is created with an id of the stream’s or the client’s choice', () => {
  const { stream } = openWatch();
  assert.deepEqual(stream.say(create(W)), [`${HEADER}1801`]);
  assert.deepEqual(stream.say(create({ ...W, watch_id: 5n })), [`${HEADER}10051801`]);
  assert.deepEqual(stream.say(create({ ...W, watch_id: -3n })), [`${HEADER}10fdffffffffffffffff011801`]);
});

test('a watch that cannot be created: created and canceled at once, with etcd’s reason and no id', () => {
  const { stream, hub } = openWatch();
  hub.refusal = 'duplicateWatchId';
  assert.deepEqual(stream.say(create({ ...W, watch_id: 5n })), [
    `${HEADER}${NO_WATCH}180120013234${bytes('mvcc: duplicate watch ID provided on the WatchStream').toString('hex')}`,
  ]);
  hub.refusal = 'emptySpan';
  assert.deepEqual(stream.say(create({ ...W, range_end: bytes('a') })), [
    `${HEADER}${NO_WATCH}18012001321c${bytes('mvcc: watcher range is empty').toString('hex')}`,
  ]);
  const asked = hub.specs.length;
  assert.deepEqual(stream.say(create({ ...W, start_revision: -2n })), [
    `${HEADER}${NO_WATCH}180120013234${bytes('etcdserver: mvcc: required revision has been compacted').toString('hex')}`.replace(
      '3234',
      '3236',
    ),
  ]);
  assert.equal(hub.specs.length, asked, 'a revision below 0 does not come to the hub');
});

test('what the hub is asked for: spans, start, filters, previous records', () => {
  const { stream, hub } = openWatch();
  const all = { id: undefined, startRevision: 0, puts: true, deletes: true, previous: false };
  const specs: readonly (readonly [TableMessage, object])[] = [
    [W, { ...all, span: { from: 'w', to: undefined } }],
    [{}, { ...all, span: { from: '\0', to: undefined } }],
    [{ range_end: bytes('z') }, { ...all, span: { from: '\0', to: 'z' } }],
    [{ range_end: bytes('\0') }, { ...all, span: { from: '\0', to: ALL_AFTER } }],
    [
      { ...W, start_revision: 6n, prev_kv: true },
      { ...all, span: { from: 'w', to: undefined }, startRevision: 6, previous: true },
    ],
    [
      { ...W, filters: [0n] },
      { ...all, span: { from: 'w', to: undefined }, puts: false },
    ],
    [
      { ...W, filters: [1n] },
      { ...all, span: { from: 'w', to: undefined }, deletes: false },
    ],
    [
      { ...W, filters: [1n, 0n, 7n] },
      { ...all, span: { from: 'w', to: undefined }, puts: false, deletes: false },
    ],
    [
      { ...W, watch_id: 9n },
      { ...all, id: 9, span: { from: 'w', to: undefined } },
    ],
  ];
  for (const [request, spec] of specs) {
    stream.say(create(request));
    assert.deepEqual(hub.specs.at(-1), spec);
  }
});

test('events: puts, deletes, previous records', () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 4n }));
  hub.sink.events(4, revision(7), [
    { kind: 'put', record: record('v4', 2, 6, 5), previous: record('v3', 2, 5, 4) },
    { kind: 'put', record: record('v5', 2, 7, 6), previous: record('v4', 2, 6, 5) },
  ]);
  assert.deepEqual(stream.heard(), [
    `${HEADER}1004` +
      '5a1e120d0a01771002180620052a0276341a0d0a01771002180520042a027633' +
      '5a1e120d0a01771002180720062a0276351a0d0a01771002180620052a027634',
  ]);
  const deleted: KeyRecord = { ...record('', 0, 9, 0) };
  hub.sink.events(4, revision(9), [{ kind: 'delete', record: deleted, previous: record('new', 2, 8, 7) }]);
  hub.sink.events(4, revision(9), [{ kind: 'delete', record: deleted }]);
  assert.deepEqual(stream.heard(), [
    `0a18${IDS}1809200210045a19080112050a017718091a0e0a01771002180820072a036e6577`,
    `0a18${IDS}1809200210045a09080112050a01771809`,
  ]);
});

test('cancel: answered once, and unknown ids not at all; nothing of the watch comes after', () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 5n }));
  assert.deepEqual(stream.say(cancel(5n)), [`${HEADER}10052001`]);
  assert.deepEqual(stream.say(cancel(5n)), []);
  assert.deepEqual(stream.say(cancel(77n)), []);
  hub.sink.events(5, revision(8), [{ kind: 'put', record: record('x', 2, 8, 7) }]);
  assert.deepEqual(stream.heard(), []);
});

test('C6 a watch of what was compacted: canceled with the compact revision, once, the header without a revision', () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 2n, start_revision: 2n }));
  hub.sink.compacted(2, revision(5), revision(7));
  hub.sink.compacted(2, revision(5), revision(7));
  assert.deepEqual(stream.heard(), [`${HEADER_WITHOUT_REVISION}100220012805`]);
});

test('C12 progress on request is answered for the whole stream, with no watch’s id', () => {
  const { stream, hub } = openWatch();
  stream.say(create(W));
  assert.deepEqual(stream.say(['etcdserverpb.WatchRequest', { progress_request: {} }]), []);
  assert.deepEqual(hub.calls, ['progress of all']);
  hub.sink.progress(undefined, revision(7));
  hub.sink.progress(3, revision(7));
  assert.deepEqual(stream.heard(), [`${HEADER}${NO_WATCH}`, `${HEADER}1003`]);
});

test('C12 bookmarks: only for watches that want them, and not after events', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const { stream, hub, protocol } = openWatch();
  stream.say(create({ ...W, watch_id: 1n }));
  stream.say(create({ ...W, watch_id: 2n, progress_notify: true }));
  stream.say(create({ ...W, watch_id: 3n, progress_notify: true }));
  hub.sink.events(3, revision(8), [{ kind: 'put', record: record('x', 2, 8, 7) }]);
  context.mock.timers.tick(600_000);
  assert.deepEqual(hub.calls, ['progress 2']);
  context.mock.timers.tick(600_000);
  assert.deepEqual(hub.calls, ['progress 2', 'progress 2', 'progress 3']);
  stream.listener.onCancel();
  context.mock.timers.tick(600_000);
  assert.deepEqual(hub.calls, ['progress 2', 'progress 2', 'progress 3', 'close']);
  protocol.stop();
});

/** Until all of a long answer was sent: then the hub may go on. */
async function sent(hub: FakeWatchStream): Promise<void> {
  while (hub.calls.pop() !== 'resume') await new Promise((resolve) => setImmediate(resolve));
}

test('C10 an answer past 2 MiB is split for the watch that asked for it, and for no other', async () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 1n, fragment: true }));
  stream.say(create({ ...W, watch_id: 2n }));
  const event = (mod: number) => ({
    kind: 'put' as const,
    record: { ...record('', 2, mod, mod), value: Buffer.alloc(900_000) },
  });
  const events = [event(3), event(4), event(5)];
  const decoded = () =>
    stream.heard().map((hex) => tableDecode('etcdserverpb.WatchResponse', Buffer.from(hex, 'hex')));
  hub.sink.events(1, revision(7), events);
  await sent(hub);
  const [first, second, ...more] = decoded();
  assert.deepEqual(more, []);
  // etcd 3.4.23 split the same three events into two and one.
  assert.equal((first!['events'] as TableMessage[]).length, 2);
  assert.equal(first!['fragment'], true);
  assert.equal((second!['events'] as TableMessage[]).length, 1);
  assert.equal(second!['fragment'], undefined);
  hub.sink.events(2, revision(7), events);
  await sent(hub);
  assert.equal(decoded().length, 1);
  hub.sink.events(1, revision(7), [
    { ...event(3), record: { ...event(3).record, value: Buffer.alloc(3e6) } },
    event(4),
  ]);
  await sent(hub);
  assert.deepEqual(
    decoded().map((answer) => (answer['events'] as TableMessage[]).length),
    [1, 1],
    'one event is never split',
  );
});

test('C18 a slow client pauses the hub until it has caught up', () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 1n }));
  stream.call.flowing = false;
  hub.sink.events(1, revision(8), [{ kind: 'put', record: record('x', 2, 8, 7) }]);
  assert.deepEqual(hub.calls, ['pause']);
  assert.equal(stream.heard().length, 1, 'what was sent is not lost');
  stream.call.flowing = true;
  stream.listener.onDrain();
  assert.deepEqual(hub.calls, ['pause', 'resume']);
});

test('a client that sends no more still gets its events; one that goes away frees its watches', () => {
  const { stream, hub } = openWatch();
  stream.say(create({ ...W, watch_id: 1n }));
  stream.listener.onHalfClose();
  hub.sink.events(1, revision(8), [{ kind: 'put', record: record('x', 2, 8, 7) }]);
  assert.equal(stream.heard().length, 1);
  assert.equal(stream.call.status, undefined);
  stream.listener.onCancel();
  stream.listener.onCancel();
  assert.deepEqual(hub.calls, ['close']);
  hub.sink.events(1, revision(9), [{ kind: 'put', record: record('x', 2, 9, 8) }]);
  assert.deepEqual(stream.heard(), []);
});

test('a message that is none ends the stream, and the hub is told; an empty one is passed over', () => {
  const { stream, hub } = openWatch();
  assert.deepEqual(stream.say(Buffer.alloc(0)), []);
  stream.say(Buffer.from([10, 5, 1]));
  assert.match(stream.call.status!, /^13 grpc: failed to unmarshal the received message /);
  assert.deepEqual(hub.calls, ['close']);
  assert.deepEqual(stream.say(create(W)), []);
});

test('a stream that wants a leader ends when there was none for three election timeouts, another one lives on', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const setup = setUp();
  const bound = open(setup, 'Watch/Watch', { hasleader: 'true' });
  const free = open(setup, 'Watch/Watch');
  const tell = (known: boolean) => {
    for (const listener of setup.service.listeners) listener.leaderKnown(known);
  };
  tell(false);
  context.mock.timers.tick(2999);
  tell(true);
  tell(false);
  context.mock.timers.tick(2999);
  assert.equal(bound.call.status, undefined);
  context.mock.timers.tick(1);
  assert.equal(bound.call.status, '14 etcdserver: no leader');
  assert.deepEqual(setup.service.streams[0]!.calls, ['close']);
  assert.equal(free.call.status, undefined);
  setup.protocol.stop();
  assert.equal(setup.service.listeners.size, 0);
});

test('a stream that wants a leader is refused at once where there is none, and so is any on a learner', () => {
  const setup = setUp();
  setup.service.hasLeader = false;
  const refused = open(setup, 'Watch/Watch', { hasleader: 'true' });
  assert.equal(refused.call.status, '14 etcdserver: no leader');
  assert.deepEqual(refused.say(create(W)), []);
  setup.service.hasLeader = true;
  setup.service.isLearner = true;
  assert.equal(open(setup, 'Watch/Watch').call.status, '9 etcdserver: rpc not supported for learner');
  assert.ok(setup.service.streams.every((stream) => stream.calls.join() === 'close'));
});

test('R19 a stream takes so many watches and no more', () => {
  const { stream, hub } = openWatch();
  const request = tableEncode('etcdserverpb.WatchRequest', { create_request: W });
  for (let i = 0; i < WATCHES_PER_STREAM_MAX; i++) stream.listener.onMessage(request);
  assert.equal(hub.specs.length, WATCHES_PER_STREAM_MAX);
  stream.heard();
  const [refused] = stream.say(request);
  const answer = tableDecode('etcdserverpb.WatchResponse', Buffer.from(refused!, 'hex'));
  assert.equal(answer['cancel_reason'], 'etcdserver: too many requests');
  assert.equal(answer['watch_id'], -1n);
  assert.equal(hub.specs.length, WATCHES_PER_STREAM_MAX);
});
