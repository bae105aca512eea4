/**
 * The Transport port over TCP. Each member makes two connections to every other: one for what must not wait, one for
 * snapshots. It sends on those it made and receives on those it was given, so that neither side depends on the other's.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Lane, MemberId, Transport } from '@synod/consensus';
import { type Answer, describeRefusal, type Hello } from './handshake.ts';
import { IncomingLink } from './incoming-link.ts';
import { REFUSAL_LOG_INTERVAL_MS, STRANGERS_MAX } from './limits.ts';
import { type LinkAddress, OutgoingLink } from './outgoing-link.ts';

export interface TransportObserver {
  connected(peer: string): void;
  disconnected(peer: string): void;
  /** In words for the log, at most one a reason and peer in ten seconds. */
  refused(peer: string, reason: string): void;
  roundTrip(peer: string, milliseconds: number): void;
}

export interface PeerTransportOptions {
  readonly id: MemberId;
  readonly clusterId: string;
  readonly peers: ReadonlyMap<MemberId, readonly LinkAddress[]>;
  readonly onReceive: (from: MemberId, lane: Lane, bytes: Uint8Array) => void;
  readonly onUnreachable: (peer: MemberId) => void;
  readonly observer: TransportObserver;
}

interface PeerLinks {
  readonly prompt: OutgoingLink;
  readonly bulk: OutgoingLink;
}

export interface PeerTraffic {
  readonly peer: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly framesDropped: number;
  readonly isConnected: boolean;
}

export class PeerTransport implements Transport {
  private readonly options: PeerTransportOptions;
  private readonly links = new Map<MemberId, PeerLinks>();
  private readonly incoming = new Set<IncomingLink>();
  private readonly received = new Map<string, number>();
  private readonly servers: Server[] = [];
  private readonly lastRefusalMs = new Map<string, number>();
  private closed = false;

  constructor(options: PeerTransportOptions) {
    this.options = options;
  }

  /** Takes peers at these addresses; rejects when one cannot be had. */
  async listen(addresses: readonly LinkAddress[]): Promise<void> {
    for (const { host, port } of addresses) {
      const server = createServer((socket) => this.accept(socket));
      this.servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    }
  }

  /** The ports listened on, in the order of the addresses. */
  get ports(): number[] {
    return this.servers.map((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    });
  }

  /** Begins to connect to every peer. */
  start(): void {
    for (const [peer, addresses] of this.options.peers) {
      if (peer !== this.options.id) this.links.set(peer, this.connectTo(peer, addresses));
    }
  }

  send(to: MemberId, lane: Lane, bytes: Uint8Array): void {
    const links = this.links.get(to);
    if (links !== undefined) (lane === 'snapshot' ? links.bulk : links.prompt).send(lane, bytes);
  }

  queuedBytes(to: MemberId, lane: Lane): number {
    const links = this.links.get(to);
    return links === undefined ? 0 : (lane === 'snapshot' ? links.bulk : links.prompt).queuedBytes;
  }

  traffic(): PeerTraffic[] {
    return [...this.links].map(([peer, { prompt, bulk }]) => ({
      peer,
      bytesSent: prompt.bytesSent + bulk.bytesSent,
      bytesReceived: this.bytesReceivedFrom(peer),
      framesDropped: prompt.framesDropped + bulk.framesDropped,
      isConnected: prompt.isConnected,
    }));
  }

  /** Sends what is queued, then ends everything. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { prompt, bulk } of this.links.values()) {
      prompt.close();
      bulk.close();
    }
    for (const link of this.incoming) link.destroy();
    await Promise.all(
      this.servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }

  private connectTo(peer: MemberId, addresses: readonly LinkAddress[]): PeerLinks {
    const { clusterId, id, observer, onUnreachable } = this.options;
    const hello = { clusterId, from: id, to: peer };
    const refused = (answer: Exclude<Answer, { kind: 'welcome' }>): void =>
      this.logRefusal(peer, describeRefusal(answer, clusterId));
    const roundTrip = (milliseconds: number): void => observer.roundTrip(peer, milliseconds);
    const prompt = new OutgoingLink({ ...hello, kind: 'prompt' }, addresses, {
      connected: () => observer.connected(peer),
      broke: () => {
        observer.disconnected(peer);
        if (!this.closed) onUnreachable(peer);
      },
      refused,
      roundTrip,
    });
    const bulk = new OutgoingLink({ ...hello, kind: 'bulk' }, addresses, {
      connected: () => {},
      broke: () => {},
      // The other link says it.
      refused: () => {},
      roundTrip: () => {},
    });
    return { prompt, bulk };
  }

  private accept(socket: Socket): void {
    let strangers = 0;
    for (const link of this.incoming) if (link.hello === undefined) strangers++;
    if (this.closed || strangers >= STRANGERS_MAX) {
      socket.destroy();
      return;
    }
    this.incoming.add(
      new IncomingLink(socket, {
        judge: (hello) => this.judge(hello),
        accepted: (link) => this.replaceOlder(link),
        received: (from, lane, bytes) => {
          if (!this.closed) this.options.onReceive(from as MemberId, lane, bytes);
        },
        malformed: (address) =>
          this.logRefusal(address, 'bytes that are not of a member; the connection was closed'),
        refused: (hello, answer) => {
          if (answer.kind !== 'welcome') this.logRefusal(hello.from, describeStranger(hello, answer));
        },
        ended: (link) => this.forget(link),
      }),
    );
  }

  private judge(hello: Hello): Answer {
    const { clusterId, id, peers } = this.options;
    if (hello.clusterId !== clusterId) return { kind: 'wrongCluster', clusterId };
    if (hello.to !== id) return { kind: 'wrongMember', memberId: id };
    if (!peers.has(hello.from as MemberId)) return { kind: 'unknownMember' };
    return { kind: 'welcome' };
  }

  /** A peer that connects anew has given its older connection up, whether that shows yet or not. */
  private replaceOlder(link: IncomingLink): void {
    for (const other of this.incoming) {
      const isSame = other.hello?.from === link.hello?.from && other.hello?.kind === link.hello?.kind;
      if (other !== link && other.hello !== undefined && isSame) other.destroy();
    }
  }

  private forget(link: IncomingLink): void {
    this.incoming.delete(link);
    if (link.hello === undefined) return;
    const { from } = link.hello;
    this.received.set(from, (this.received.get(from) ?? 0) + link.bytesReceived);
  }

  private bytesReceivedFrom(peer: string): number {
    let bytes = this.received.get(peer) ?? 0;
    for (const link of this.incoming) if (link.hello?.from === peer) bytes += link.bytesReceived;
    return bytes;
  }

  private logRefusal(peer: string, reason: string): void {
    const now = performance.now();
    const what = `${peer.replace(/:\d+$/, '')} ${reason}`;
    if (now - (this.lastRefusalMs.get(what) ?? Number.NEGATIVE_INFINITY) < REFUSAL_LOG_INTERVAL_MS) return;
    this.lastRefusalMs.set(what, now);
    this.options.observer.refused(peer, reason);
  }
}

function describeStranger(hello: Hello, answer: Exclude<Answer, { kind: 'welcome' }>): string {
  switch (answer.kind) {
    case 'wrongCluster':
      return `cluster ID mismatch: a member of cluster ${hello.clusterId} connected to this one of ${answer.clusterId}; check its --initial-cluster and --initial-cluster-token`;
    case 'wrongMember':
      return `a member looked for member ${hello.to} at this address; check its --initial-cluster`;
    default:
      return `member ${hello.from} is not in this cluster; check its --initial-cluster`;
  }
}
