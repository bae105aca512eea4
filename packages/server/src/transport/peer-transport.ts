/**
 * The Transport port over TCP. Each member makes two connections to every other: one for what must not wait, one for
 * snapshots. It sends on those it made and receives on those it was given, so that neither side depends on the other's.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { assert, type Lane, type MemberId, type Transport } from '@synod/consensus';
import type { Dns } from '../dns/dns.ts';
import { listeningPort } from '../sockets/listening-port.ts';
import { openPort } from '../sockets/open-port.ts';
import type { SocketAddress } from '../sockets/socket-address.ts';
import { SecureDialer } from '../tls/secure-dialer.ts';
import { createSecureServer, type SecureServer } from '../tls/secure-server.ts';
import type { TlsConfig } from '../tls/tls-config.ts';
import type { ClusterFacts } from './cluster-question.ts';
import { judgeHello, type PeerStanding } from './handshake.ts';
import { IncomingLink } from './incoming-link.ts';
import { encodeIntroduction } from './introduction.ts';
import { STRANGERS_MAX, TRANSPORT_TIMING, type TransportTiming } from './limits.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { RefusalLog } from './refusal-log.ts';

export interface TransportObserver {
  connected(peer: string): void;
  disconnected(peer: string): void;
  /** In words for the log, and seldom enough for it. `peer`: its id where this member connected, else its address. */
  refused(peer: string, reason: string): void;
  roundTrip(peer: string, milliseconds: number): void;
  /** A peer sent bytes that are no frames; its connection was closed. */
  malformed(peer: string): void;
}

export interface PeerTransportOptions {
  readonly id: MemberId;
  readonly clusterId: string;
  /** Whom to connect to at first; later whoever `setPeers` names. */
  readonly peers: ReadonlyMap<MemberId, readonly SocketAddress[]>;
  /** Where this member tells others that it can be reached. */
  readonly ownUrls: readonly string[];
  /** What a member that connects has to do with the cluster. */
  readonly standing: (peer: string) => PeerStanding;
  /** A peer said where it can be reached. */
  readonly onIntroduced: (peer: string, urls: readonly string[]) => void;
  readonly clusterFacts: () => ClusterFacts | undefined;
  readonly onReceive: (from: MemberId, lane: Lane, bytes: Uint8Array) => void;
  readonly onUnreachable: (peer: MemberId) => void;
  /** False while this member knows nothing of the cluster yet: a peer that comes then is closed, and comes again. */
  readonly takesPeers: () => boolean;
  /** The life by which the cluster knows a peer; undefined: by none yet. */
  readonly knownLife: (peer: string) => number | undefined;
  /** A peer says that the cluster knows this member by another life. */
  readonly onDisowned: (reason: string) => void;
  /** A peer says that this member was removed. */
  readonly onRemoved: () => void;
  readonly observer: TransportObserver;
  readonly timing?: Partial<TransportTiming>;
  /** Of secure addresses, its own and its peers'. */
  readonly tls?: TlsConfig;
  /** For the names in peers' certificates; undefined: the system's. */
  readonly dns?: Dns;
}

interface PeerLinks {
  /** As text, to be compared. */
  readonly addresses: string;
  readonly prompt: OutgoingLink;
  readonly bulk: OutgoingLink;
}

export interface PeerTraffic {
  readonly peer: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly framesDropped: number;
  /** By this process's own clock; undefined: it is not connected. */
  readonly connectedSinceMs: number | undefined;
}

export class PeerTransport implements Transport {
  private readonly options: PeerTransportOptions;
  private readonly links = new Map<MemberId, PeerLinks>();
  private readonly incoming = new Set<IncomingLink>();
  private readonly received = new Map<string, number>();
  /** Peers that have let this member in since its start. */
  private readonly welcomedBy = new Set<string>();
  private readonly servers: Server[] = [];
  private readonly timing: TransportTiming;
  private readonly refusals: RefusalLog;
  private readonly dialer: SecureDialer | undefined;
  private readonly secureServers: SecureServer[] = [];
  /** Undefined: not started. */
  private life: number | undefined;
  private closed = false;

  constructor(options: PeerTransportOptions) {
    this.options = options;
    this.dialer = options.tls === undefined ? undefined : new SecureDialer(options.tls);
    this.timing = { ...TRANSPORT_TIMING, ...options.timing };
    this.refusals = new RefusalLog({
      intervalMs: this.timing.refusalLogIntervalMs,
      nowMs: () => performance.now(),
      write: (source, reason) => options.observer.refused(source, reason),
    });
  }

  /** Takes peers at these addresses; rejects when one cannot be had. */
  async listen(addresses: readonly SocketAddress[]): Promise<void> {
    for (const address of addresses) {
      const server =
        address.isSecure === true ? this.secureServer() : createServer((socket) => this.accept(socket));
      this.servers.push(server);
      await openPort(server, address);
      // Of one connection that could not be taken, for want of descriptors for one; the listener goes on.
      server.on('error', (error) =>
        this.refusals.report('listener', {
          kind: 'listener',
          reason: `a connection could not be taken: ${error.message}`,
        }),
      );
    }
  }

  /** The ports listened on, in the order of the addresses. */
  get ports(): number[] {
    return this.servers.map(listeningPort);
  }

  /** Begins to connect to every peer, as this life of this member. */
  start(life: number): void {
    this.life = life;
    this.setPeers(this.options.peers);
  }

  /** From now on connects to these, and to nobody else; whoever is not among them any more is hung up on. */
  setPeers(peers: ReadonlyMap<MemberId, readonly SocketAddress[]>): void {
    if (this.life === undefined || this.closed) return;
    for (const [peer, links] of this.links)
      if (!peers.has(peer) || describe(peers.get(peer)!) !== links.addresses) this.disconnect(peer, links);
    for (const [peer, addresses] of peers)
      if (peer !== this.options.id && !this.links.has(peer))
        this.links.set(peer, this.connectTo(peer, addresses, this.life));
    for (const link of this.incoming)
      if (link.hello !== undefined && this.options.standing(link.hello.from) === 'removed') link.destroy();
  }

  /** Whether a peer has let this member in since its start, and so takes it for the one it knows. */
  isWelcomeAt(peer: MemberId): boolean {
    return this.welcomedBy.has(peer);
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
      connectedSinceMs: prompt.connectedSinceMs,
    }));
  }

  /** Sends what is queued, then ends everything. */
  async close(): Promise<void> {
    this.closed = true;
    const links = [...this.links.values()].flatMap(({ prompt, bulk }) => [prompt.close(), bulk.close()]);
    for (const link of this.incoming) link.destroy();
    for (const secure of this.secureServers) secure.abandonHandshakes();
    const servers = this.servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    await Promise.all([...links, ...servers]);
  }

  private connectTo(peer: MemberId, addresses: readonly SocketAddress[], life: number): PeerLinks {
    const { clusterId, id, observer, onUnreachable, onDisowned, onRemoved } = this.options;
    const hello = { clusterId, from: id, to: peer, life };
    const introduction = encodeIntroduction(this.options.ownUrls);
    const prompt = new OutgoingLink(
      { ...hello, kind: 'prompt' },
      introduction,
      addresses,
      this.timing,
      {
        connected: () => {
          this.welcomedBy.add(peer);
          observer.connected(peer);
        },
        broke: () => {
          // Of a peer that was let go nobody need hear.
          if (this.closed || this.links.get(peer)?.prompt !== prompt) return;
          observer.disconnected(peer);
          onUnreachable(peer);
        },
        refused: (refusal) => {
          this.refusals.report(peer, refusal);
          if (refusal.kind === 'otherLife') onDisowned(refusal.reason);
          if (refusal.kind === 'removed') onRemoved();
        },
        roundTrip: (milliseconds) => observer.roundTrip(peer, milliseconds),
      },
      this.dialer,
    );
    // What there is to say of the peer, the other link says.
    const bulk = new OutgoingLink(
      { ...hello, kind: 'bulk' },
      introduction,
      addresses,
      this.timing,
      {
        connected: () => {},
        broke: () => {},
        refused: () => {},
        roundTrip: () => {},
      },
      this.dialer,
    );
    return { addresses: describe(addresses), prompt, bulk };
  }

  private disconnect(peer: MemberId, { prompt, bulk }: PeerLinks): void {
    this.links.delete(peer);
    void prompt.close();
    void bulk.close();
    this.options.onUnreachable(peer);
  }

  private secureServer(): Server {
    const { tls, dns } = this.options;
    assert(tls !== undefined, 'the configuration gives a certificate to whoever has a secure address');
    const secure = createSecureServer({
      config: tls,
      protocols: [],
      dns,
      onSocket: (socket) => this.accept(socket),
      onRefused: (address, { kind, reason }) =>
        this.refusals.report(address, { kind, reason: `rejected connection on peer endpoint: ${reason}` }),
    });
    this.secureServers.push(secure);
    return secure.server;
  }

  private accept(socket: Socket): void {
    if (!this.options.takesPeers()) {
      socket.destroy();
      return;
    }
    if (this.closed || this.strangers >= STRANGERS_MAX) {
      socket.destroy();
      const reason = `more than ${STRANGERS_MAX} connections that have not said whose they are; one was closed`;
      if (!this.closed) this.refusals.report('listener', { kind: 'tooManyStrangers', reason });
      return;
    }
    const { clusterId, id, standing, onReceive, onIntroduced, clusterFacts, knownLife } = this.options;
    const here = { clusterId, id, standing, knownLife };
    this.incoming.add(
      new IncomingLink(socket, this.timing, {
        judge: (hello) => judgeHello(hello, here),
        accepted: (link) => this.accepted(link),
        received: (from, lane, bytes) => {
          if (!this.closed) onReceive(from as MemberId, lane, bytes);
        },
        introduced: onIntroduced,
        clusterFacts,
        refused: (address, refusal) => this.refusals.report(address, refusal),
        malformed: (peer) => this.options.observer.malformed(peer),
        ended: (link) => this.forget(link),
      }),
    );
  }

  private get strangers(): number {
    let count = 0;
    for (const { hello } of this.incoming) if (hello === undefined) count++;
    return count;
  }

  private accepted(link: IncomingLink): void {
    this.replaceOlder(link);
    const { from, kind } = link.hello!;
    // It listens before it connects: no need to wait any longer with connecting to it.
    this.links.get(from as MemberId)?.[kind].retryNow();
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
}

function describe(addresses: readonly SocketAddress[]): string {
  return JSON.stringify(addresses);
}
