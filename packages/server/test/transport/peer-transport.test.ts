/** Links between members over real sockets: what arrives, what is dropped, what happens when they break (N1–N4, N9–N12). */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { FRAME_BYTES_MAX, LANE_QUEUE_BYTES_MAX } from '../../src/transport/limits.ts';
import { RecordedEvents } from '../recorded-events.ts';
import {
  A,
  answerHello,
  B,
  bareConnection,
  C,
  connectedPair,
  framesOn,
  helloOf,
  isConnected,
  LIFE,
  listeningMember,
  stubListener,
} from './transport-members.ts';

const LIMIT = { timeout: 10_000 };
const MEGABYTE = new Uint8Array(1024 * 1024);
const text = (value: string): Uint8Array => Buffer.from(value);

test('N1 the frames of a lane arrive in the order they were sent', LIMIT, async (t) => {
  const [a, b] = await connectedPair(t);
  const sent: string[] = [];
  for (let i = 0; i < 2_000; i++) {
    a.transport.send(B, i % 3 === 0 ? 'forward' : 'consensus', text(`${i}`));
    sent.push(`${i}`);
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await b.events.until((event) => event.kind === 'received', sent.length);
  const received = b.events.all.flatMap((event) => (event.kind === 'received' ? [event] : []));
  // Both lanes share a connection, so here even their common order holds.
  assert.deepEqual(
    received.map((event) => event.text),
    sent,
  );
  assert.ok(
    received.every(
      ({ from, lane, text: number }) => from === A && (lane === 'forward') === (Number(number) % 3 === 0),
    ),
  );
});

test('N2 what must not wait passes by snapshots that nobody reads', LIMIT, async (t) => {
  const prompt = new RecordedEvents<string>();
  const address = await stubListener(t, (socket) =>
    answerHello(socket, { kind: 'welcome' }, ({ kind }) => {
      if (kind === 'bulk') socket.pause();
      else
        socket.on(
          'data',
          framesOn('consensus', (frame) => prompt.push(frame)),
        );
    }),
  );
  const a = await listeningMember(t, A, { peers: new Map([[B, [address]]]) });
  a.transport.start(LIFE);
  await a.events.until(isConnected);
  // The two connections open one after the other; chunks are taken once the second is there.
  while (!t.signal.aborted && a.transport.queuedBytes(B, 'snapshot') === 0) {
    a.transport.send(B, 'snapshot', MEGABYTE);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 6; i++) a.transport.send(B, 'snapshot', MEGABYTE);
  a.transport.send(B, 'consensus', text('heartbeat'));
  assert.equal(await prompt.until(() => true), 'heartbeat');
  assert.ok(a.transport.queuedBytes(B, 'snapshot') > 2 * MEGABYTE.length, 'the chunks still wait');
});

test(
  'N3 a broken link is told once and made again; what was sent meanwhile is dropped and counted',
  LIMIT,
  async (t) => {
    const sockets: Socket[] = [];
    const address = await stubListener(t, (socket) =>
      answerHello(socket, { kind: 'welcome' }, ({ kind }) => {
        if (kind === 'prompt') sockets.push(socket);
      }),
    );
    const a = await listeningMember(t, A, { peers: new Map([[B, [address]]]) });
    a.transport.start(LIFE);
    await a.events.until(isConnected);
    sockets[0]!.destroy();
    await a.events.until(({ kind }) => kind === 'unreachable');
    assert.equal(a.transport.traffic()[0]!.connectedSinceMs, undefined);
    a.transport.send(B, 'consensus', text('lost'));
    assert.equal(a.transport.traffic()[0]!.framesDropped, 1);
    await a.events.until(isConnected, 2);
    const frames = new RecordedEvents<string>();
    sockets[1]!.on(
      'data',
      framesOn('consensus', (frame) => frames.push(frame)),
    );
    a.transport.send(B, 'consensus', text('arrives'));
    assert.equal(await frames.until(() => true), 'arrives');
    assert.deepEqual(
      a.events.all.map(({ kind }) => kind),
      ['connected', 'disconnected', 'unreachable', 'connected'],
    );
  },
);

test(
  'N3 a peer that shows itself is connected to at once, however long the wait was to be',
  LIMIT,
  async (t) => {
    const never = { reconnectFirstMs: 3_600_000, reconnectLastMs: 3_600_000 };
    const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
    const refusing = await stubListener(t, (socket) => socket.destroy());
    // The first try fails; the second, an hour later, would find B.
    const a = await listeningMember(t, A, { peers: new Map([[B, [refusing, b.address]]]), timing: never });
    a.transport.start(LIFE);
    while (!t.signal.aborted && a.events.count(isConnected) === 0) {
      const fromB = bareConnection(t, a.address);
      fromB.socket.write(helloOf(B, A));
      await fromB.firstBytes;
    }
    a.transport.send(B, 'consensus', text('found'));
    await b.events.until(({ kind }) => kind === 'received');
  },
);

test('N4 queues are bounded: each lane drops and counts what is above its own limit', LIMIT, async (t) => {
  const address = await stubListener(t, (socket) =>
    answerHello(socket, { kind: 'welcome' }, () => socket.pause()),
  );
  const a = await listeningMember(t, A, { peers: new Map([[B, [address]]]) });
  a.transport.start(LIFE);
  await a.events.until(isConnected);
  // Far more than the kernel's buffers take.
  for (let i = 0; i < 60; i++) {
    a.transport.send(B, 'call', MEGABYTE);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const queued = a.transport.queuedBytes(B, 'call');
  assert.ok(queued <= LANE_QUEUE_BYTES_MAX.call + 1024, `${queued} bytes wait`);
  assert.ok(queued > LANE_QUEUE_BYTES_MAX.call / 2, 'the peer really does not read');
  const { framesDropped } = a.transport.traffic()[0]!;
  assert.ok(framesDropped > 30, `${framesDropped} dropped`);
  a.transport.send(B, 'consensus', text('heartbeat'));
  assert.equal(a.transport.traffic()[0]!.framesDropped, framesDropped, 'consensus still finds room');
});

test('N8 a frame that no peer would take is not sent', LIMIT, async (t) => {
  const [a, b] = await connectedPair(t);
  a.transport.send(B, 'consensus', new Uint8Array(FRAME_BYTES_MAX));
  assert.equal(a.transport.traffic()[0]!.framesDropped, 1);
  a.transport.send(B, 'consensus', text('the link goes on'));
  await b.events.until(({ kind }) => kind === 'received');
  assert.equal(
    b.events.count(({ kind }) => kind === 'refused'),
    0,
  );
});

test('N9 the two directions do not depend on each other', LIMIT, async (t) => {
  const nobody = await stubListener(t, (socket) => socket.destroy());
  const b = await listeningMember(t, B, { peers: new Map([[A, [nobody]]]) });
  const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
  b.transport.start(LIFE);
  a.transport.start(LIFE);
  await a.events.until(isConnected);
  b.transport.send(A, 'consensus', text('lost'));
  a.transport.send(B, 'consensus', text('one way'));
  await b.events.until((event) => event.kind === 'received' && event.text === 'one way');
  assert.equal(b.transport.traffic()[0]!.connectedSinceMs, undefined);
  assert.equal(b.transport.traffic()[0]!.framesDropped, 1);
});

test(
  'N10 a member that comes again, as after a restart, takes the place of its older connection',
  LIMIT,
  async (t) => {
    const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
    const first = bareConnection(t, b.address);
    first.socket.write(helloOf(A, B));
    await first.firstBytes;
    const bulk = bareConnection(t, b.address);
    bulk.socket.write(helloOf(A, B, { kind: 'bulk' }));
    await bulk.firstBytes;
    const second = bareConnection(t, b.address);
    second.socket.write(helloOf(A, B));
    await second.firstBytes;
    await first.closed;
    assert.equal(bulk.socket.destroyed, false, 'the other kind of link stays');
    assert.equal(second.socket.destroyed, false);
    assert.equal(
      b.events.count(({ kind }) => kind === 'refused'),
      0,
    );
  },
);

test('N11 a peer that gives no sign of life is given up', LIMIT, async (t) => {
  // Reads everything and answers no ping.
  const address = await stubListener(t, (socket) =>
    answerHello(socket, { kind: 'welcome' }, () => socket.resume()),
  );
  const timing = { pingIntervalMs: 10, silenceMaxMs: 50 };
  const a = await listeningMember(t, A, { peers: new Map([[B, [address]]]), timing });
  a.transport.start(LIFE);
  await a.events.until(({ kind }) => kind === 'unreachable');
});

test('N11 a peer that answers pings is not given up', LIMIT, async (t) => {
  const [a, b] = await connectedPair(t, { pingIntervalMs: 5, silenceMaxMs: 60 });
  const before = a.transport.traffic()[0]!.bytesSent;
  // More than ten silences long, counted in pings and not in time.
  while (!t.signal.aborted && a.transport.traffic()[0]!.bytesSent < before + 100 * 19)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(
    a.events.count(({ kind }) => kind === 'disconnected'),
    0,
  );
  assert.equal(
    b.events.count(({ kind }) => kind === 'disconnected'),
    0,
  );
});

test('N12 a transport closes soon, even if a peer never takes what is queued', LIMIT, async (t) => {
  const address = await stubListener(t, (socket) =>
    answerHello(socket, { kind: 'welcome' }, () => socket.pause()),
  );
  const silent = await stubListener(t, () => {});
  const a = await listeningMember(t, A, {
    peers: new Map([
      [B, [address]],
      [C, [silent]],
    ]),
  });
  a.transport.start(LIFE);
  await a.events.until(isConnected);
  for (let i = 0; i < 40; i++) a.transport.send(B, 'consensus', MEGABYTE);
  await a.transport.close();
  assert.equal(
    a.events.count(({ kind }) => kind === 'unreachable'),
    0,
    'what this side ends is no fault of a peer',
  );
});

test('N12 what was sent last still leaves', LIMIT, async (t) => {
  const [a, b] = await connectedPair(t);
  a.transport.send(B, 'consensus', text('last words'));
  await a.transport.close();
  await b.events.until((event) => event.kind === 'received' && event.text === 'last words');
});
