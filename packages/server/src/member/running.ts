/** The living parts of a member around its replica, from the first tick to the last answer. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { heirOf, type MemberId, type Replica, memberId as toMemberId } from '@synod/consensus';
import {
  type CoordinationMachine,
  CoordinationMember,
  OWN_RESOLVE,
  SHIPPED_PACES,
} from '@synod/coordination';
import type { MemberConfig } from '../config/member-config.ts';
import type { StatusCode } from '../grpc/status.ts';
import type { Log } from '../log/log.ts';
import type { MemberMetrics } from '../metrics/member-metrics.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { alarmName } from '../protocols/etcd/alarm-words.ts';
import { type EtcdProtocol, etcdProtocol } from '../protocols/etcd/etcd-protocol.ts';
import type { ObservedCall } from '../protocols/etcd/gateway/gateway.ts';
import { etcdHttp1Handler, etcdWatchersHandler, type Http1Handler } from '../protocols/etcd/http1.ts';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';
import { ConnectionBudget } from '../sockets/connection-budget.ts';
import { SimpleTokenKind } from '../tokens/simple-token-kind.ts';
import { type WebTokenKeys, WebTokenKind } from '../tokens/web-token-kind.ts';
import type { PeerTransport } from '../transport/peer-transport.ts';
import { RefusalLog } from '../transport/refusal-log.ts';
import { type ClientListener, listenForClients } from './client-listener.ts';
import { CLOCK } from './clock.ts';
import { memberObserver } from './events.ts';
import { HttpListener } from './http-listener.ts';
import type { MemberIdentity } from './identity/member-identity.ts';
import {
  COMMAND_OVERHEAD_BYTES,
  DRAIN_TIMEOUT_MS,
  HANDOVER_TIMEOUT_MS,
  REFUSAL_LOG_INTERVAL_MS,
  SHUTDOWN_TIMEOUT_MS,
  STOP_POLL_MS,
} from './limits.ts';
import type { PeerBook } from './peer-book.ts';
import { readPeerUrls } from './peer-urls.ts';
import { rateOf, withRequestRate } from './request-rate.ts';
import type { MemberStorage } from './storage.ts';

export interface RunningParts {
  readonly config: MemberConfig;
  readonly identity: MemberIdentity;
  readonly peers: PeerBook;
  readonly log: Log;
  readonly metrics: MemberMetrics;
  readonly machine: CoordinationMachine;
  readonly replica: Replica;
  readonly transport: PeerTransport;
  readonly storage: MemberStorage;
  readonly electionTicks: number;
  /** Undefined: tokens are simple ones. */
  readonly webTokenKeys: WebTokenKeys | undefined;
  readonly failed: (reason: string) => void;
}

export class Running {
  readonly member: CoordinationMember;
  private readonly parts: RunningParts;
  private readonly id: MemberId;
  private readonly passwords: PasswordHasher;
  private readonly protocol: EtcdProtocol;
  private timer: NodeJS.Timeout | undefined;
  /** Undefined until `listen`. */
  clients: ClientListener | undefined;
  /** Undefined until `listen`, and where there is no address for it. */
  watchers: HttpListener | undefined;
  /** The same, where the clients' ports do not speak HTTP/1.1. */
  web: HttpListener | undefined;

  constructor(parts: RunningParts) {
    const { config, identity, machine, replica, transport, storage, electionTicks, peers } = parts;
    this.parts = parts;
    this.id = toMemberId(identity.memberId);
    this.member = new CoordinationMember({
      id: this.id,
      clusterId: identity.clusterId,
      replica,
      machine,
      backend: storage.backend,
      clock: CLOCK,
      transport,
      peers: () => transport.traffic(),
      tickMs: config.heartbeatMs,
      electionTimeoutTicks: electionTicks,
      leaseExtensionMs: config.electionTimeoutMs,
      commandBytesMax: config.requestBytesMax + COMMAND_OVERHEAD_BYTES,
      storeBytesMax: config.storeBytesMax,
      strictReconfiguration: config.strictReconfiguration,
      learnersMax: config.learnersMax,
      autoCompaction: config.autoCompaction,
      corruptionChecks: config.corruptionChecks,
      simpleTokenTtlMs: config.auth.simpleTokenTtlMs,
      paces: SHIPPED_PACES,
      membersChanged: () => transport.setPeers(peers.addresses()),
      observe: memberObserver(parts.log, peers, {
        onFatal: parts.failed,
        onMalformed: (from) => parts.metrics.peers.receiveFailed(from),
      }),
      measurements: parts.metrics.requests,
    });
    this.passwords = new PasswordHasher({ cost: config.auth.bcryptCost });
    const options = {
      ...ETCD_DEFAULTS,
      transactionOperationsMax: config.transactionOperationsMax,
      requestBytesMax: config.requestBytesMax,
      progressIntervalMs: config.watchProgressIntervalMs,
      electionTimeoutMs: config.electionTimeoutMs,
      readPeerUrls,
      randomBytes: () => randomBytes(8),
      observer: parts.metrics.protocol,
    };
    const { service, simpleTokens } = this.member;
    this.protocol = etcdProtocol(service, options, {
      passwords: this.passwords,
      tokens:
        parts.webTokenKeys === undefined
          ? new SimpleTokenKind(simpleTokens, service)
          : new WebTokenKind({ keys: parts.webTokenKeys, nowMs: Date.now }),
    });
  }

  /** Opens the clients' ports; rejects when one cannot be had. */
  async listen(): Promise<void> {
    const { config, metrics } = this.parts;
    const { calls, protocol: etcdObserver } = metrics;
    const observer = {
      callStarted: (call: ObservedCall) => calls.callStarted(call, call.metadata('client-api-version')),
      callEnded: (call: ObservedCall, code: StatusCode) => calls.callEnded(call, code),
    };
    const http1 = etcdHttp1Handler(this.member.service, {
      ...ETCD_DEFAULTS,
      requestBytesMax: config.requestBytesMax,
      metrics: metrics.registry,
      jsonGateway: config.jsonGateway,
      webAccess: config.webAccess,
      methods: this.protocol.methods,
      observer,
      etcdObserver,
    });
    const pages = withRequestRate(http1, rateOf(config.requestsPerSecondMax));
    const connections = new ConnectionBudget(config, this.refusedConnections());
    this.clients = await listenForClients({
      config,
      connections,
      methods: this.protocol.methods,
      http1: pages,
      observer,
      onTrouble: (error) =>
        this.parts.log.warn("a client's connection could not be taken", { error: error.message }),
      onRefused: (address, reason) =>
        this.parts.log.warn(`rejected connection on client endpoint: ${reason}`, { 'remote-addr': address }),
    });
    const openHttp = (urls: readonly string[], handler: Http1Handler): Promise<HttpListener> | undefined =>
      urls.length === 0
        ? undefined
        : HttpListener.open({
            urls,
            tls: config.clientTls,
            handler,
            connections,
            onTrouble: (error) =>
              this.parts.log.warn('a connection over HTTP could not be taken', { error: error.message }),
          });
    this.web = await openHttp(config.listenClientHttpUrls, pages);
    this.watchers = await openHttp(
      config.listenMetricsUrls,
      etcdWatchersHandler(this.member.service, { metrics: metrics.registry, etcdObserver }),
    );
  }

  /** What repeats is counted, and said now and then. */
  private refusedConnections(): (remoteAddress: string, reason: string) => void {
    const refusals = new RefusalLog({
      intervalMs: REFUSAL_LOG_INTERVAL_MS,
      nowMs: () => performance.now(),
      write: (address, reason) =>
        this.parts.log.warn(`closed a connection of a client: ${reason}`, { 'remote-addr': address }),
    });
    return (address, reason) => refusals.report(address, { kind: 'tooManyConnections', reason });
  }

  /** Starts time, and compares what this member holds with the others; `false`: it must not serve. */
  isSound(): Promise<boolean> {
    this.startTime();
    return new Promise((resolve) => this.member.checkBeforeServing(resolve));
  }

  /** Starts time, and takes part. */
  begin(): void {
    this.connectMetrics();
    this.tellMetricsOfRole();
    this.member.begin();
    this.startTime();
  }

  private startTime(): void {
    if (this.timer !== undefined) return;
    // A tick waits for what the sockets have brought: after a stall the inbox comes first (pitfall 37).
    this.timer = setInterval(() => setImmediate(() => this.member.tick()), this.parts.config.heartbeatMs);
  }

  /** Tells the cluster this member's name and addresses. */
  publish(done: () => void): void {
    const { name, advertisePeerUrls: peerUrls, advertiseClientUrls: clientUrls } = this.parts.config;
    this.member.publish({ name, peerUrls, clientUrls }, done);
  }

  /** The others are gone for good: takes them off the list, one after the other. */
  removeOthers(done: () => void): void {
    const { machine, log, config } = this.parts;
    const other = machine.directory.list().find(({ id }) => id !== this.id);
    if (other === undefined) {
      done();
      return;
    }
    const complete = ({ kind }: { readonly kind: string }): void => {
      if (kind === 'serviceFailure') setTimeout(() => this.removeOthers(done), config.heartbeatMs).unref();
      else {
        log.warn('removed a member that is gone for good', { 'member-id': other.id, name: other.name });
        this.removeOthers(done);
      }
    };
    this.member.service.submit(
      { module: 'members', kind: 'remove', id: other.id },
      { complete },
      OWN_RESOLVE,
    );
  }

  roleChanged(): void {
    this.tellMetricsOfRole();
    this.member.roleChanged();
  }

  /** Lets others lead, finishes what clients wait for while no new request is taken, and ends. */
  async stop(): Promise<void> {
    await this.handOver();
    const clientsGone = this.clients?.shutDown();
    this.web?.shutDown();
    await within(DRAIN_TIMEOUT_MS, () => this.member.service.pendingCount === 0);
    // Watches do not end by themselves.
    await Promise.race([clientsGone, delay(SHUTDOWN_TIMEOUT_MS)]);
    await this.abandon();
    const { machine } = this.parts;
    // Not needed for safety: it makes the next start's replay short. An entry that is half applied is not waited for.
    if (machine.isAtRest) await new Promise<void>((resolve) => machine.persist(() => resolve()));
  }

  /** Ends at once, in whatever state it is. */
  async abandon(): Promise<void> {
    clearInterval(this.timer);
    this.protocol.stop();
    this.clients?.destroy();
    this.web?.close();
    this.watchers?.close();
    await this.passwords.stop();
    await new Promise<void>((resolve) => this.member.stop(resolve));
  }

  private tellMetricsOfRole(): void {
    const { role, leader } = this.parts.replica.status();
    this.parts.metrics.roleChanged(role === 'leader', leader);
  }

  private connectMetrics(): void {
    const { machine, storage, replica, transport, metrics } = this.parts;
    const { proposals, hub } = this.member;
    metrics.connect({
      currentRevision: () => machine.revision,
      compactRevision: () => machine.compactRevision,
      authRevision: () => machine.auth.revision,
      keys: () => machine.keyCount,
      keyspace: () => machine.tally,
      leasesRenewed: () => this.member.leaseTally.renewedCount,
      leasesExpired: () => this.member.leaseTally.expiredCount,
      storeBytes: () => storage.backend.sizes(),
      storeBytesMax: () => this.member.service.status().storeBytesMax,
      openReads: () => storage.backend.openViewCount,
      isDefragmenting: () => storage.backend.isDefragmenting,
      alarms: () => machine.alarms().map(({ member, kind }) => ({ member, name: alarmName(kind) })),
      proposalsPending: () => proposals.pendingCount,
      proposalsFailed: () => proposals.failedCount,
      replica: () => replica.activity,
      committedIndex: () => replica.status().commitIndex,
      appliedIndex: () => machine.appliedIndex,
      watchers: () => hub.watcherCounts.synced + hub.watcherCounts.behind,
      slowWatchers: () => hub.watcherCounts.behind,
      watchStreams: () => hub.streamCount,
      clientBytes: () => ({
        received: this.clients?.counters.bytesReceived ?? 0,
        sent: this.clients?.counters.bytesSent ?? 0,
      }),
      peers: () =>
        transport
          .traffic()
          .map((traffic) => ({ ...traffic, isConnected: traffic.connectedSinceMs !== undefined })),
      isLearner: () => this.member.service.isLearner,
    });
  }

  /** Gives leadership to the member whose log is longest, and waits until it is gone or was not taken. */
  private async handOver(): Promise<void> {
    const { replica, transport } = this.parts;
    const connected = new Set<string>();
    for (const { peer, connectedSinceMs } of transport.traffic())
      if (connectedSinceMs !== undefined) connected.add(peer);
    const heir = heirOf(replica.status(), (id) => connected.has(id));
    if (heir === undefined) return;
    replica.transferLeadership(heir);
    await within(HANDOVER_TIMEOUT_MS, () => {
      const status = replica.status();
      return status.role === 'leader' ? !status.transferring : status.leader !== undefined;
    });
  }
}

/** Waits until something holds, but not for ever. */
async function within(milliseconds: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!holds() && performance.now() < deadline) await delay(STOP_POLL_MS);
}
