/** The living parts of a member around its replica, from the first tick to the last answer. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Lane,
  MalformedBytes,
  type MemberId,
  Proposals,
  type Replica,
  memberId as toMemberId,
} from '@synod/consensus';
import {
  type AuthChange,
  type CommandResult,
  type CoordinationMachine,
  HubPump,
  type KeyEvent,
  LeaderCalls,
  LeaderlessNotice,
  type LeaseChange,
  LeaseKeeper,
  MemberService,
  type OutputReceivers,
  OWN_RESOLVE,
  PeerCalls,
  type ProposalOrigin,
  REQUEST_RETRY_ELECTIONS,
  REQUEST_TIMEOUT_BASE_MS,
  REQUEST_TIMEOUT_ELECTIONS,
  type Revision,
  SimpleTokens,
  Upkeep,
  WatchHub,
} from '@synod/coordination';
import type { MemberConfig } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import type { MemberMetrics } from '../metrics/member-metrics.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { type EtcdProtocol, etcdProtocol } from '../protocols/etcd/etcd-protocol.ts';
import { etcdHttp1Handler } from '../protocols/etcd/http1.ts';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';
import { SimpleTokenKind } from '../tokens/simple-token-kind.ts';
import { type WebTokenKeys, WebTokenKind } from '../tokens/web-token-kind.ts';
import type { PeerTransport } from '../transport/peer-transport.ts';
import { type ClientListener, listenForClients } from './client-listener.ts';
import { warnLeaderless } from './events.ts';
import {
  COMMAND_OVERHEAD_BYTES,
  DRAIN_TIMEOUT_MS,
  HANDOVER_TIMEOUT_MS,
  SHUTDOWN_TIMEOUT_MS,
  STOP_POLL_MS,
} from './limits.ts';
import type { MemberStorage } from './storage.ts';

export interface RunningParts {
  readonly config: MemberConfig;
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

export class Running implements OutputReceivers {
  private readonly parts: RunningParts;
  private readonly id: MemberId;
  private readonly proposals: Proposals<readonly CommandResult[]>;
  private readonly hub: WatchHub;
  private readonly pump: HubPump;
  private readonly calls: PeerCalls;
  private readonly leaderCalls: LeaderCalls;
  private readonly leaseKeeper: LeaseKeeper;
  private readonly service: MemberService;
  private readonly simpleTokens: SimpleTokens;
  private readonly passwords: PasswordHasher;
  private readonly protocol: EtcdProtocol;
  private readonly upkeep: Upkeep;
  private readonly leaderless: LeaderlessNotice;
  private timer: NodeJS.Timeout | undefined;
  private leader: MemberId | undefined;
  private stopped = false;
  /** Undefined until `listen`. */
  clients: ClientListener | undefined;

  constructor(parts: RunningParts) {
    const { config, machine, replica, transport, storage, electionTicks } = parts;
    this.parts = parts;
    this.id = toMemberId(config.memberId);
    this.leaderless = new LeaderlessNotice({
      peers: () => transport.traffic(),
      notify: (facts) => warnLeaderless(parts.log, config.founders, facts),
    });
    const { incarnation, life } = replica.status();
    const timeoutTicks =
      Math.ceil(REQUEST_TIMEOUT_BASE_MS / config.heartbeatMs) + REQUEST_TIMEOUT_ELECTIONS * electionTicks;
    const retryTicks = REQUEST_RETRY_ELECTIONS * electionTicks;
    this.proposals = new Proposals({
      replica,
      member: this.id,
      incarnation: life,
      timeoutTicks,
      retryTicks,
    });
    this.hub = new WatchHub(machine.history);
    this.pump = new HubPump(this.hub, (job) => void setImmediate(job));
    this.calls = new PeerCalls({
      incarnation,
      timeoutTicks: retryTicks,
      send: (to, bytes) => transport.send(to, 'call', bytes),
    });
    this.leaderCalls = new LeaderCalls({
      self: this.id,
      calls: this.calls,
      leader: () => this.leader,
      timeoutTicks,
    });
    this.service = new MemberService({
      clusterId: config.clusterId,
      memberId: this.id,
      machine,
      replica,
      proposals: this.proposals,
      hub: this.hub,
      leaderCalls: this.leaderCalls,
      storeSizes: () => storage.backend.sizes(),
      commandBytesMax: config.requestBytesMax + COMMAND_OVERHEAD_BYTES,
      wakeHub: () => this.pump.wake(),
    });
    this.leaseKeeper = new LeaseKeeper({
      machine,
      replica,
      leaderCalls: this.leaderCalls,
      nowMs: () => performance.now(),
      extensionMs: config.electionTimeoutMs,
      submit: (command, done) => this.service.submit(command, { complete: done }, OWN_RESOLVE),
    });
    this.simpleTokens = new SimpleTokens({
      ttlMs: config.auth.simpleTokenTtlMs,
      nowMs: () => performance.now(),
      authRevision: () => machine.auth.revision,
    });
    this.passwords = new PasswordHasher({ cost: config.auth.bcryptCost });
    this.protocol = etcdProtocol(
      this.service,
      {
        ...ETCD_DEFAULTS,
        transactionOperationsMax: config.transactionOperationsMax,
        requestBytesMax: config.requestBytesMax,
        progressIntervalMs: config.watchProgressIntervalMs,
        electionTimeoutMs: config.electionTimeoutMs,
        randomBytes: () => randomBytes(8),
      },
      {
        passwords: this.passwords,
        tokens:
          parts.webTokenKeys === undefined
            ? new SimpleTokenKind(this.simpleTokens, this.service)
            : new WebTokenKind({ keys: parts.webTokenKeys, nowMs: Date.now }),
      },
    );
    this.upkeep = new Upkeep({
      machine,
      pendingRows: () => storage.backend.pendingRows,
      nowMs: () => performance.now(),
      defer: (job) => void setImmediate(job),
      failed: (error) => parts.failed(`the state could not be committed: ${error.message}`),
    });
  }

  /** Opens the clients' ports; rejects when one cannot be had. */
  async listen(): Promise<void> {
    const { config, metrics } = this.parts;
    this.clients = await listenForClients({
      config,
      methods: this.protocol.methods,
      http1: etcdHttp1Handler(this.service, { ...ETCD_DEFAULTS, metrics: metrics.registry }),
      observer: {
        callStarted: ({ path }) => metrics.callStarted(path),
        callEnded: ({ path }, code) => metrics.callEnded(path, code),
      },
      onTrouble: (error) =>
        this.parts.log.warn("a client's connection could not be taken", { error: error.message }),
    });
  }

  /** Starts time. */
  begin(): void {
    this.connectMetrics();
    this.roleChanged();
    // A tick waits for what the sockets have brought: after a stall the inbox comes first (pitfall 37).
    this.timer = setInterval(() => setImmediate(() => this.tick()), this.parts.config.heartbeatMs);
  }

  /** Tells the cluster this member's name and addresses; tries until it has. */
  publish(done: () => void): void {
    const { config } = this.parts;
    this.service.submit(
      {
        module: 'members',
        kind: 'publish',
        id: this.id,
        name: config.name,
        peerUrls: config.advertisePeerUrls,
        clientUrls: config.advertiseClientUrls,
      },
      {
        complete: (result) => {
          if (this.stopped) return;
          if (result.kind === 'serviceFailure')
            setTimeout(() => this.publish(done), this.parts.config.heartbeatMs);
          else done();
        },
      },
      OWN_RESOLVE,
    );
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    if (lane === 'call') this.receiveCall(from, bytes);
    else this.parts.replica.receive(from, lane, bytes);
  }

  peerUnreachable(peer: MemberId): void {
    this.parts.replica.peerUnreachable(peer);
    this.calls.abandon(peer);
  }

  roleChanged(): void {
    const { role, epoch, leader } = this.parts.replica.status();
    this.parts.metrics.roleChanged(role === 'leader', leader);
    const before = this.leader;
    this.leader = leader;
    this.service.roleChanged(leader, epoch, role === 'learner');
    // What the last leader was asked, the next one is asked now: waiting for a timeout would be waiting for nothing.
    this.proposals.leaderChanged(leader);
    if (before !== undefined && before !== leader) this.calls.abandon(before);
    this.leaderCalls.leaderChanged();
    this.leaseKeeper.roleChanged(role === 'leader', epoch);
  }

  result(origin: ProposalOrigin, results: readonly CommandResult[]): void {
    this.proposals.result(origin, results);
  }

  events(revision: Revision, events: readonly KeyEvent[]): void {
    this.hub.publish(revision, events);
    this.pump.wake();
  }

  compacted(): void {
    this.pump.wake();
  }

  leaseChanged(change: LeaseChange): void {
    this.leaseKeeper.changed(change);
  }

  authChanged(change: AuthChange): void {
    this.simpleTokens.changed(change);
  }

  restored(): void {
    this.simpleTokens.forgetAll();
    this.hub.restored();
    this.pump.wake();
  }

  /** Lets others lead, finishes what clients wait for while no new request is taken, and ends. */
  async stop(): Promise<void> {
    await this.handOver();
    const clientsGone = this.clients?.shutDown();
    await within(DRAIN_TIMEOUT_MS, () => this.service.pendingCount === 0);
    // Watches do not end by themselves.
    await Promise.race([clientsGone, delay(SHUTDOWN_TIMEOUT_MS)]);
    await this.abandon();
    // Not needed for safety: it makes the next start's replay short.
    await new Promise<void>((resolve) => this.parts.machine.persist(() => resolve()));
  }

  /** Ends at once, in whatever state it is. */
  async abandon(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.protocol.stop();
    this.clients?.destroy();
    this.upkeep.stop();
    this.pump.stop();
    this.leaderCalls.stop();
    this.proposals.stop();
    await this.passwords.stop();
    await new Promise<void>((resolve) => this.parts.replica.stop(resolve));
  }

  private tick(): void {
    if (this.stopped) return;
    this.parts.replica.tick();
    this.proposals.tick();
    this.calls.tick();
    this.leaderCalls.tick();
    this.leaseKeeper.tick();
    this.simpleTokens.tick();
    this.upkeep.tick();
    this.leaderless.tick(performance.now(), this.leader !== undefined);
    this.pump.wake();
  }

  private connectMetrics(): void {
    const { machine, storage, replica, transport, metrics } = this.parts;
    metrics.connect({
      currentRevision: () => machine.revision,
      compactRevision: () => machine.compactRevision,
      authRevision: () => machine.auth.revision,
      keys: () => machine.keyCount,
      storeBytes: () => storage.backend.sizes(),
      proposalsPending: () => this.proposals.pendingCount,
      committedIndex: () => replica.status().commitIndex,
      appliedIndex: () => machine.appliedIndex,
      watchers: () => this.hub.watcherCounts.synced + this.hub.watcherCounts.behind,
      slowWatchers: () => this.hub.watcherCounts.behind,
      watchStreams: () => this.hub.streamCount,
      clientBytes: () => ({
        received: this.clients?.counters.bytesReceived ?? 0,
        sent: this.clients?.counters.bytesSent ?? 0,
      }),
      peers: () => transport.traffic(),
    });
  }

  private receiveCall(from: MemberId, bytes: Uint8Array): void {
    try {
      this.calls.receive(from, bytes);
    } catch (error) {
      // A peer's bytes are not ours to vouch for; it gets no answer.
      if (!(error instanceof MalformedBytes)) throw error;
      this.parts.log.warn('a peer sent a call that cannot be read', { from, detail: error.message });
    }
  }

  /** Gives leadership to the member whose log is longest, and waits until it is gone or was not taken. */
  private async handOver(): Promise<void> {
    const { replica, transport } = this.parts;
    const { role, progress, membership } = replica.status();
    if (role !== 'leader') return;
    const connected = new Set<string>();
    for (const { peer, isConnected } of transport.traffic()) if (isConnected) connected.add(peer);
    const [heir] = progress
      .filter(
        ({ id, recentlyActive }) => recentlyActive && connected.has(id) && membership.voters.includes(id),
      )
      .sort((a, b) => b.matchIndex - a.matchIndex);
    if (heir === undefined) return;
    replica.transferLeadership(heir.id);
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
