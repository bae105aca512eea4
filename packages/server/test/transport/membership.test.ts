/** Links follow the list of members: who came is connected to, who was removed is told so, and who asks learns of the cluster (N14 to N17). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes, type MemberId } from '@synod/consensus';
import type { TcpAddress } from '../../src/sockets/socket-address.ts';
import { askCluster } from '../../src/transport/ask-cluster.ts';
import {
  type ClusterFacts,
  decodeClusterFacts,
  encodeClusterFacts,
  mayBeClusterQuestion,
} from '../../src/transport/cluster-question.ts';
import { decodeIntroduction, encodeIntroduction } from '../../src/transport/introduction.ts';
import {
  A,
  B,
  bareConnection,
  C,
  CLUSTER,
  connectedPair,
  isConnected,
  LIFE,
  listeningMember,
  stubListener,
} from './transport-members.ts';

const LIMIT = { timeout: 10_000 };
const isRemoved = ({ kind }: { readonly kind: string }): boolean => kind === 'removed';

test(
  'N14 a peer that is named later is connected to; one that is named no more is hung up on',
  LIMIT,
  async (t) => {
    const [a, b] = await connectedPair(t);
    const c = await listeningMember(t, C, { peers: new Map([[A, []]]) });
    a.transport.setPeers(
      new Map([
        [B, [b.address]],
        [C, [c.address]],
      ]),
    );
    await a.events.until((event) => event.kind === 'connected' && event.peer === C);
    a.transport.send(C, 'consensus', Buffer.from('welcome'));
    await c.events.until(({ kind }) => kind === 'received');
    a.transport.setPeers(new Map([[C, [c.address]]]));
    await a.events.until((event) => event.kind === 'unreachable' && event.peer === B);
    assert.deepEqual(
      a.transport.traffic().map(({ peer }) => peer),
      [C],
    );
  },
);

test('N14 a peer at another address is connected to there', LIMIT, async (t) => {
  const peers = new Map([[A, []]]);
  const before = await listeningMember(t, B, { peers });
  const after = await listeningMember(t, B, { peers });
  const a = await listeningMember(t, A, { peers: new Map([[B, [before.address]]]) });
  a.transport.start(LIFE);
  await a.events.until(isConnected);
  a.transport.setPeers(new Map([[B, [after.address]]]));
  await a.events.until(isConnected, 2);
  a.transport.send(B, 'consensus', Buffer.from('moved'));
  await after.events.until(({ kind }) => kind === 'received');
});

test('N15 a removed member is told so, whether its link stands or it comes again', LIMIT, async (t) => {
  const removed = new Set<string>();
  const peers = new Map<MemberId, readonly TcpAddress[]>();
  const a = await listeningMember(t, A, { peers });
  const b = await listeningMember(t, B, { peers, removed });
  peers.set(A, [a.address]).set(B, [b.address]);
  a.transport.start(LIFE);
  b.transport.start(LIFE);
  await Promise.all([a.events.until(isConnected), b.events.until(isConnected)]);
  removed.add(A);
  b.transport.setPeers(new Map());
  await a.events.until(isRemoved);
  assert.equal(b.events.count(isRemoved), 0);
});

test('N16 who connects says where it can be reached; what is no address is left out', LIMIT, async (t) => {
  const b = await listeningMember(t, B, { peers: new Map([[A, []]]) });
  const a = await listeningMember(t, A, { peers: new Map([[B, [b.address]]]) });
  a.transport.start(LIFE);
  await b.events.until(({ kind }) => kind === 'introduced');
  assert.deepEqual(
    b.events.all.find(({ kind }) => kind === 'introduced'),
    { kind: 'introduced', peer: A, urls: [`http://${A}.test:2380`] },
  );
  assert.deepEqual(decodeIntroduction(encodeIntroduction(['http://a:1', 'ftp://a:1', 'x', 'https://b:2'])), [
    'http://a:1',
    'https://b:2',
  ]);
  assert.deepEqual(decodeIntroduction(Buffer.alloc(1_000_000, 'x')), []);
});

const FACTS: ClusterFacts = {
  clusterId: CLUSTER,
  protocol: 'paxos',
  founders: [{ id: A, name: 'a', peerUrls: ['http://a:1'] }],
  members: [
    { id: A, name: 'a', peerUrls: ['http://a:1'] },
    { id: B, name: '', peerUrls: ['http://b:1', 'http://b:2'] },
  ],
};
const ASKING = { dialer: undefined, timeoutMs: 2_000 };

test('N17 whoever asks at a peers’ address learns what cluster it is', LIMIT, async (t) => {
  const a = await listeningMember(t, A, { facts: FACTS });
  assert.deepEqual(await askCluster(a.address, ASKING), FACTS);
  const early = await listeningMember(t, B);
  await assert.rejects(askCluster(early.address, ASKING), /closed without an answer/);
  const bare = bareConnection(t, a.address);
  bare.socket.write('SYNODASKX');
  await bare.closed;
  assert.equal(bare.received().length, 0);
});

test('N17 answers that are none, late ones and damaged ones, are told as what they are', LIMIT, async (t) => {
  const web = await stubListener(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await assert.rejects(askCluster(web, ASKING), /no member of a Synod cluster/);
  const silent = await stubListener(t, () => {});
  await assert.rejects(askCluster(silent, { ...ASKING, timeoutMs: 20 }), /no answer in time/);
  const bytes = Buffer.from(encodeClusterFacts(FACTS));
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeClusterFacts(bytes.subarray(0, length)), undefined);
  const changed = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = byte;
    return copy;
  };
  assert.throws(() => decodeClusterFacts(changed(9, 7)), /version 7/);
  assert.throws(() => decodeClusterFacts(changed(13, 255)), MalformedBytes);
  assert.throws(() => decodeClusterFacts(changed(20, 0)), /tells of no cluster/);
  const nobody = encodeClusterFacts({ ...FACTS, members: [] });
  assert.throws(() => decodeClusterFacts(Buffer.from(nobody)), /tells of no cluster/);
  assert.equal(mayBeClusterQuestion(Buffer.from('SYNOD')), false);
  assert.equal(mayBeClusterQuestion(Buffer.from('SYNODA')), true);
  assert.equal(mayBeClusterQuestion(Buffer.from('SYNODPEER\n')), false);
});
