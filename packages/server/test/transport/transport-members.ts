/** Transports on loopback with what they tell, and peers made of bare sockets for what no transport would do. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Lane, type MemberId, memberId } from '@synod/consensus';
import type { TcpAddress } from '../../src/sockets/socket-address.ts';
import type { ClusterFacts } from '../../src/transport/cluster-question.ts';
import { FrameReader } from '../../src/transport/frames.ts';
import {
  type Answer,
  decodeHello,
  encodeAnswer,
  encodeHello,
  HELLO_BYTES,
  type Hello,
} from '../../src/transport/handshake.ts';
import type { TransportTiming } from '../../src/transport/limits.ts';
import { PeerTransport } from '../../src/transport/peer-transport.ts';
import { RecordedEvents } from '../recorded-events.ts';

export const CLUSTER = 'c000000000000001';
/** Of a member that no test wants another of. */
export const LIFE = 7;
export const A = memberId('000000000000000a');
export const B = memberId('000000000000000b');
export const C = memberId('000000000000000c');

export type TransportEvent =
  | { readonly kind: 'received'; readonly from: MemberId; readonly lane: Lane; readonly text: string }
  | { readonly kind: 'connected' | 'disconnected' | 'unreachable'; readonly peer: string }
  | { readonly kind: 'refused'; readonly peer: string; readonly reason: string }
  | { readonly kind: 'malformed'; readonly peer: string }
  | { readonly kind: 'introduced'; readonly peer: string; readonly urls: readonly string[] }
  | { readonly kind: 'removed' }
  | { readonly kind: 'disowned'; readonly reason: string };

export interface TestMember {
  readonly id: MemberId;
  readonly transport: PeerTransport;
  readonly events: RecordedEvents<TransportEvent>;
  readonly address: TcpAddress;
}

export interface MemberOptions {
  readonly clusterId?: string;
  readonly timing?: Partial<TransportTiming>;
  /** May be filled until the transport starts. */
  readonly peers?: Map<MemberId, readonly TcpAddress[]>;
  readonly removed?: ReadonlySet<string>;
  readonly facts?: ClusterFacts;
  readonly knownLives?: ReadonlyMap<string, number>;
}

/** A transport that listens; `start` is for the test to call. Closed when the test ends. */
export async function listeningMember(
  test: TestContext,
  id: MemberId,
  options: MemberOptions = {},
): Promise<TestMember> {
  const events = new RecordedEvents<TransportEvent>();
  const transport = new PeerTransport({
    id,
    clusterId: options.clusterId ?? CLUSTER,
    peers: options.peers ?? new Map(),
    ownUrls: [`http://${id}.test:2380`],
    standing: (peer) => {
      if (options.removed?.has(peer) === true) return 'removed';
      return options.peers?.has(memberId(peer)) === true ? 'member' : 'unknown';
    },
    onIntroduced: (peer, urls) => events.push({ kind: 'introduced', peer, urls }),
    clusterFacts: () => options.facts,
    onRemoved: () => events.push({ kind: 'removed' }),
    onReceive: (from, lane, bytes) =>
      events.push({ kind: 'received', from, lane, text: Buffer.from(bytes).toString() }),
    onUnreachable: (peer) => events.push({ kind: 'unreachable', peer }),
    takesPeers: () => true,
    knownLife: (peer) => options.knownLives?.get(peer),
    onDisowned: (reason) => events.push({ kind: 'disowned', reason }),
    observer: {
      connected: (peer) => events.push({ kind: 'connected', peer }),
      disconnected: (peer) => events.push({ kind: 'disconnected', peer }),
      refused: (peer, reason) => events.push({ kind: 'refused', peer, reason }),
      roundTrip: () => {},
      malformed: (peer) => events.push({ kind: 'malformed', peer }),
    },
    timing: { reconnectFirstMs: 5, reconnectLastMs: 20, closeTimeoutMs: 100, ...options.timing },
  });
  test.after(() => transport.close());
  await transport.listen([{ host: '127.0.0.1', port: 0 }]);
  return { id, transport, events, address: { host: '127.0.0.1', port: transport.ports[0]! } };
}

/** Two members that know and have reached each other. */
export async function connectedPair(
  test: TestContext,
  timing: Partial<TransportTiming> = {},
): Promise<[TestMember, TestMember]> {
  const peers = new Map<MemberId, readonly TcpAddress[]>();
  const a = await listeningMember(test, A, { peers, timing });
  const b = await listeningMember(test, B, { peers, timing });
  peers.set(A, [a.address]).set(B, [b.address]);
  a.transport.start(LIFE);
  b.transport.start(LIFE);
  await Promise.all([a.events.until(isConnected), b.events.until(isConnected)]);
  return [a, b];
}

export const isConnected = (event: TransportEvent): boolean => event.kind === 'connected';
export const isRefused = (event: TransportEvent): boolean => event.kind === 'refused';

/** A listener of bare sockets. `take` gets each connection. */
export async function stubListener(test: TestContext, take: (socket: Socket) => void): Promise<TcpAddress> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    take(socket);
  });
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** As a member would: reads the hello, answers, and hands the connection over. */
export function answerHello(socket: Socket, answer: Answer, then: (hello: Hello) => void): void {
  let early = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    early = Buffer.concat([early, chunk]);
    if (early.length < HELLO_BYTES) return;
    socket.off('data', onData);
    socket.write(encodeAnswer(answer));
    then(decodeHello(early.subarray(0, HELLO_BYTES)) as Hello);
  };
  socket.on('data', onData);
}

/** A bare connection, and what happens to it. */
export interface BareConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** All that came so far. */
  readonly received: () => Buffer;
  readonly firstBytes: Promise<void>;
}

export function bareConnection(test: TestContext, { port }: TcpAddress): BareConnection {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  test.after(() => socket.destroy());
  let bytes = Buffer.alloc(0);
  socket.on('error', () => {});
  const firstBytes = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  return { socket, closed, firstBytes, received: () => bytes };
}

export function helloOf(from: MemberId, to: MemberId, changed: Partial<Hello> = {}): Uint8Array {
  return encodeHello({ kind: 'prompt', clusterId: CLUSTER, from, to, life: LIFE, ...changed });
}

/** The texts of the frames of one lane in a stream of bytes. */
export function framesOn(lane: Lane, take: (text: string) => void): (chunk: Buffer) => void {
  const reader = new FrameReader();
  return (chunk) =>
    reader.read(chunk, (frame) => {
      if (frame.lane === lane) take(Buffer.from(frame.bytes).toString());
    });
}
