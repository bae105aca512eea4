/** Who is let in and who is not, what both logs say of it, and that nobody can harm the others by trying (N5–N8). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { lifeOf } from '@synod/consensus';
import { frameHead } from '../../src/transport/frames.ts';
import { decodeAnswer, encodeAnswer } from '../../src/transport/handshake.ts';
import { FRAME_BYTES_MAX, STRANGERS_MAX } from '../../src/transport/limits.ts';
import {
  A,
  B,
  bareConnection,
  C,
  connectedPair,
  helloOf,
  isConnected,
  isRefused,
  LIFE,
  listeningMember,
  stubListener,
  type TestMember,
} from './transport-members.ts';

const LIMIT = { timeout: 10_000 };
const OTHER_CLUSTER = 'c000000000000002';

const refusals = ({ events }: TestMember): string[] =>
  events.all.flatMap((event) => (event.kind === 'refused' ? [`${event.peer}: ${event.reason}`] : []));

/** A member that knows `A`, and a connection of A to it that was let in. */
async function admitted(t: TestContext) {
  const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
  const bare = bareConnection(t, b.address);
  bare.socket.write(helloOf(A, B));
  await bare.firstBytes;
  return { b, bare };
}

test('N5 a member of another cluster is refused, and both logs say why', LIMIT, async (t) => {
  const b = await listeningMember(t, B, { clusterId: OTHER_CLUSTER, peers: new Map([[A, []]]) });
  const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
  a.transport.start(LIFE);
  await Promise.all([a.events.until(isRefused), b.events.until(isRefused)]);
  assert.deepEqual(refusals(a), [
    `${B}: cluster ID mismatch: this member is of cluster c000000000000001, the peer of c000000000000002; check --initial-cluster and --initial-cluster-token of both`,
  ]);
  assert.deepEqual(refusals(b), [
    '127.0.0.1: cluster ID mismatch: member 000000000000000a of cluster c000000000000001 connected to this one of c000000000000002; check its --initial-cluster and --initial-cluster-token',
  ]);
  assert.equal(a.events.count(isConnected), 0);
});

test('N5 a member at whose address another is expected refuses, and both logs say whom', LIMIT, async (t) => {
  const c = await listeningMember(t, C, { peers: new Map([[A, []]]) });
  const a = await listeningMember(t, A, { peers: new Map([[B, [c.address]]]) });
  a.transport.start(LIFE);
  await Promise.all([a.events.until(isRefused), c.events.until(isRefused)]);
  assert.match(refusals(a)[0]!, /the peer at this address is member 000000000000000c, not the one expected/);
  assert.match(
    refusals(c)[0]!,
    /member 000000000000000a looked for member 000000000000000b at the address of 000000000000000c/,
  );
});

test('N5 a member that is not in the cluster is refused', LIMIT, async (t) => {
  const b = await listeningMember(t, B);
  const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
  a.transport.start(LIFE);
  await Promise.all([a.events.until(isRefused), b.events.until(isRefused)]);
  assert.match(refusals(a)[0]!, /the peer does not know this member/);
  assert.match(refusals(b)[0]!, /member 000000000000000a is not in this cluster/);
});

test(
  'N5 a member of another version of the protocol is refused by a member that still says which it speaks',
  LIMIT,
  async (t) => {
    const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
    const bare = bareConnection(t, b.address);
    const hello = Buffer.from(helloOf(A, B));
    hello[10] = 9;
    bare.socket.write(hello);
    await bare.closed;
    assert.deepEqual(decodeAnswer(bare.received()), { kind: 'wrongVersion', version: 2 });
    assert.match(refusals(b)[0]!, /speaks version 9 .* this member 2/);
  },
);

test('N6 what listens at an address of a peer and is no member is named so, once', LIMIT, async (t) => {
  let connections = 0;
  const address = await stubListener(t, (socket) => {
    connections++;
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  const a = await listeningMember(t, A, { peers: new Map([[B, [address]]]) });
  a.transport.start(LIFE);
  while (!t.signal.aborted && connections < 8) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(refusals(a), [
    `${B}: what listens at the address of this peer is no member; check --initial-cluster`,
  ]);
});

const NO_MEMBER = 'bytes that are not of a member';
const TLS = 'TLS came to an address that speaks plaintext; use https:// on both sides or on none';
for (const [name, bytes, words] of [
  ['garbage', Buffer.from([0, 1, 2, 3, 254, 255]), NO_MEMBER],
  ['an HTTP request', Buffer.from('GET /health HTTP/1.1\r\nHost: here\r\n\r\n'), NO_MEMBER],
  ['a TLS hello', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), TLS],
] as const)
  test(
    `N6 ${name} at the peers' port: closed, one line for a hundred, and the other links go on`,
    LIMIT,
    async (t) => {
      const [a, b] = await connectedPair(t);
      for (let i = 0; i < 100; i++) {
        const bare = bareConnection(t, b.address);
        bare.socket.write(bytes);
        await bare.closed;
        assert.equal(bare.received().length, 0);
      }
      assert.deepEqual(refusals(b), [`127.0.0.1: ${words}; the connection was closed`]);
      a.transport.send(B, 'consensus', Buffer.from('undisturbed'));
      await b.events.until(({ kind }) => kind === 'received');
      assert.equal(
        a.events.count(({ kind }) => kind === 'disconnected'),
        0,
      );
    },
  );

test('N6 strangers of ever new names cannot fill the log', LIMIT, async (t) => {
  const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
  for (let i = 0; i < 50; i++) {
    const bare = bareConnection(t, b.address);
    bare.socket.write(helloOf(A, B, { clusterId: i.toString(16).padStart(16, '0') }));
    await bare.closed;
  }
  assert.equal(refusals(b).length, 1);
});

test('N6 only so many strangers are listened to at once', LIMIT, async (t) => {
  const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
  const waiting = Array.from({ length: STRANGERS_MAX }, () => bareConnection(t, b.address));
  await Promise.all(
    waiting.map(({ socket }) => new Promise<void>((resolve) => socket.once('connect', () => resolve()))),
  );
  const oneMore = bareConnection(t, b.address);
  await oneMore.closed;
  assert.match(refusals(b)[0]!, /more than 64 connections/);
  for (const { socket } of waiting.slice(0, 2)) socket.destroy();
  let isIn = false;
  while (!t.signal.aborted && !isIn) {
    const bare = bareConnection(t, b.address);
    bare.socket.write(helloOf(A, B));
    await Promise.race([bare.firstBytes, bare.closed]);
    isIn = bare.received().length > 0;
  }
});

test(
  'N7 a connection that says nothing, or a byte now and then, is closed when its time is over',
  LIMIT,
  async (t) => {
    const b = await listeningMember(t, B, { peers: new Map([[A, []]]), timing: { handshakeTimeoutMs: 120 } });
    const silent = bareConnection(t, b.address);
    const slow = bareConnection(t, b.address);
    const hello = helloOf(A, B);
    let said = 0;
    // Each byte comes well before an idle timeout would end; all of them would take three times the deadline.
    const drip = setInterval(() => slow.socket.write(hello.subarray(said, ++said)), 10);
    t.after(() => clearInterval(drip));
    await Promise.all([silent.closed, slow.closed]);
    assert.ok(said < hello.length, `${said} bytes were listened to`);
    assert.deepEqual(refusals(b), [
      '127.0.0.1: a connection that did not say whose it is; the connection was closed',
    ]);
  },
);

test('N7 a peer that accepts and never answers is tried again', LIMIT, async (t) => {
  let connections = 0;
  const address = await stubListener(t, (socket) => {
    connections++;
    // As far as an answer goes without being one.
    socket.write(encodeAnswer({ kind: 'welcome' }).subarray(0, 10));
  });
  const a = await listeningMember(t, A, {
    peers: new Map([[B, [address]]]),
    timing: { handshakeTimeoutMs: 20 },
  });
  a.transport.start(LIFE);
  while (!t.signal.aborted && connections < 6) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(a.events.count(isConnected), 0);
});

const payload = Buffer.from('payload');
function damagedFrame(damage: (head: Buffer) => void): Buffer {
  const head = frameHead('consensus', payload);
  damage(head);
  return Buffer.concat([head, payload]);
}
/** A frame whose checksum is right whatever its label says. */
function labelledFrame(lane: number, group: number): Buffer {
  return damagedFrame((head) => {
    head[8] = lane;
    head.writeUInt16LE(group, 9);
    head.writeUInt32LE(crc32(payload, crc32(head.subarray(8))), 4);
  });
}

for (const [name, bytes] of [
  ['longer than any may be', damagedFrame((head) => head.writeUInt32LE(FRAME_BYTES_MAX + 1, 0))],
  ['shorter than its own label', damagedFrame((head) => head.writeUInt32LE(2, 0))],
  ['with a wrong checksum', damagedFrame((head) => head.writeUInt32LE(head.readUInt32LE(4) ^ 1, 4))],
  ['on a lane that is not there', labelledFrame(9, 0)],
  ['of a group that is not here', labelledFrame(0, 1)],
] as const)
  test(`N8 a frame ${name} ends the connection; what came whole before it counts`, LIMIT, async (t) => {
    const { b, bare } = await admitted(t);
    const good = Buffer.concat([frameHead('consensus', payload), payload]);
    bare.socket.write(Buffer.concat([good, bytes, good]));
    await bare.closed;
    assert.equal(
      b.events.count(({ kind }) => kind === 'received'),
      1,
    );
    assert.deepEqual(refusals(b), [
      '127.0.0.1: a member sent bytes that are no frames; the connection was closed',
    ]);
    assert.deepEqual(
      b.events.all.filter(({ kind }) => kind === 'malformed'),
      [{ kind: 'malformed', peer: A }],
    );
  });

test(
  'N8 a frame labelled by hand as a good one passes: it is the label that is refused',
  LIMIT,
  async (t) => {
    const { b, bare } = await admitted(t);
    bare.socket.write(labelledFrame(0, 0));
    await b.events.until(({ kind }) => kind === 'received');
  },
);

test(
  'pitfall 30 a member that came back without its journal is refused, and is told so',
  LIMIT,
  async (t) => {
    const journal = { salt: 0xffff_fffe };
    const lastKnown = lifeOf({ ...journal, incarnation: 5 });
    const b = await listeningMember(t, B, {
      peers: new Map([[A, []]]),
      knownLives: new Map([[A, lastKnown]]),
    });
    const forgetful = [
      lifeOf({ salt: 1, incarnation: 1 }),
      lifeOf({ salt: 0xffff_ffff, incarnation: 9 }),
      lifeOf({ ...journal, incarnation: 4 }),
    ];
    for (const life of forgetful) {
      const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
      a.transport.start(life);
      await a.events.until(({ kind }) => kind === 'disowned');
      assert.equal(a.events.count(isConnected), 0);
      await a.transport.close();
    }
    assert.match(refusals(b)[0]!, /came back without what it knew: its data directory is new or an old copy/);
    for (const incarnation of [5, 6]) {
      const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
      a.transport.start(lifeOf({ ...journal, incarnation }));
      await a.events.until(isConnected);
      await a.transport.close();
    }
  },
);
