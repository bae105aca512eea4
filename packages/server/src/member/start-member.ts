/**
 * Puts one member together and runs it. The only file that knows all parts; what each part needs of another is passed in
 * here, as a port or a callback.
 */
import { type MemberId, type Replica, memberId as toMemberId } from '@synod/consensus';
import { ConnectedOutputs, type CoordinationMachine, createMachine } from '@synod/coordination';
import type { FeatureGates } from '../config/feature-gates.ts';
import type { MemberConfig } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import { SlowRequests } from '../log/slow-requests.ts';
import { MemberMetrics } from '../metrics/member-metrics.ts';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';
import { forgetAwaitedState, isStateAwaited } from '../storage/replaced-state.ts';
import { ensureCertificate } from '../tls/automatic-certificate.ts';
import { CertificateFailure } from '../tls/certificate-files.ts';
import type { WebTokenKeys } from '../tokens/web-token-kind.ts';
import type { ClusterFacts } from '../transport/cluster-question.ts';
import { PeerTransport } from '../transport/peer-transport.ts';
import { addressOf } from './addresses.ts';
import { AwaitingState } from './awaiting-state.ts';
import { replicaObserver, tellOfSnapshot, transportObserver } from './events.ts';
import { refuseEtcdData } from './foreign-data.ts';
import type { MemberIdentity } from './identity/member-identity.ts';
import { refuseOtherCluster } from './identity/refuse-other-cluster.ts';
import { keepIdentity, settleIdentity } from './identity/settle-identity.ts';
import { listening } from './listening.ts';
import { livesInLog } from './lives-in-log.ts';
import { type OpenedReplica, openMemberReplica } from './open-member-replica.ts';
import { PeerBook } from './peer-book.ts';
import { Running } from './running.ts';
import type { MemberTuning, RunningMember } from './running-member.ts';
import { StartFailure } from './start-failure.ts';
import { type MemberStorage, openStorage } from './storage.ts';
import { readWebTokenKeys } from './web-token-keys.ts';

/** @throws StartFailure (as a rejection) with words for whoever started it. */
export async function startMember(
  config: MemberConfig,
  log: Log,
  tuning: MemberTuning = {},
): Promise<RunningMember> {
  const { serverVersion, clusterVersion } = ETCD_DEFAULTS;
  refuseEtcdData(config.dataDirectory);
  let metrics: MemberMetrics | undefined;
  const storage = openStorage(config, {
    journalTimed: (writeMs, syncMs) => metrics?.disk.journalTimed(writeMs, syncMs),
    committed: ({ milliseconds }) => metrics?.disk.committed(milliseconds),
    viewClosed: (milliseconds) => metrics?.disk.viewClosed(milliseconds),
    defragmented({ milliseconds, bytesBefore, bytesAfter }) {
      metrics?.disk.defragmented(milliseconds);
      log.info('the store gave back space that nothing used', {
        'size-before-bytes': bytesBefore,
        'size-bytes': bytesAfter,
        'took-ms': Math.round(milliseconds),
      });
    },
  });
  let member: Member | undefined;
  try {
    makeCertificates(config, log);
    const identity = await settleIdentity(config, storage.disk, log, {
      joinPaces: tuning.joinPaces,
      discovery: { paces: tuning.discoveryPaces, signal: tuning.stopping },
    });
    const { memberId } = identity;
    metrics = new MemberMetrics(
      { memberId, serverVersion, clusterVersion, features: featuresOf(config) },
      {
        slow: new SlowRequests(config.slowRequests, log, () => performance.now()),
        timesCalls: config.timesCalls,
      },
    );
    member = new Member({ config, identity, log, metrics, storage, tuning });
    await member.start();
    return member;
  } catch (error) {
    await member?.abandon();
    await storage.close();
    if (error instanceof CertificateFailure) throw new StartFailure(error.message);
    throw error;
  }
}

/** etcd's experiments that mean something here. */
function featuresOf({ corruptionChecks }: MemberConfig): Readonly<Record<keyof FeatureGates, boolean>> {
  return {
    InitialCorruptCheck: corruptionChecks.atStart,
    CompactHashCheck: corruptionChecks.compactionPeriodMs !== undefined,
  };
}

/** Where the configuration wants a member to do so itself. */
function makeCertificates({ clientTls, peerTls }: MemberConfig, log: Log): void {
  for (const tls of [clientTls, peerTls])
    if (tls !== undefined && ensureCertificate(tls, Date.now()))
      log.warn('automatically generate certificates', { 'cert-file': tls.own.certificateFile });
}

interface MemberParts {
  readonly config: MemberConfig;
  readonly identity: MemberIdentity;
  readonly log: Log;
  readonly metrics: MemberMetrics;
  readonly storage: MemberStorage;
  readonly tuning: MemberTuning;
}

class Member implements RunningMember {
  private readonly config: MemberConfig;
  private readonly identity: MemberIdentity;
  private readonly log: Log;
  private readonly metrics: MemberMetrics;
  private readonly storage: MemberStorage;
  private readonly tuning: MemberTuning;
  private readonly id: MemberId;
  private readonly outputs = new ConnectedOutputs();
  private readonly machine: CoordinationMachine;
  private readonly peers: PeerBook;
  private readonly transport: PeerTransport;
  private readonly electionTicks: number;
  private running: Running | undefined;
  /** While this member is without a state. */
  private awaiting: AwaitingState | undefined;
  private announceState: () => void = () => {};
  private stopping: Promise<void> | undefined;
  private announceFailure: (reason: string) => void = () => {};
  private announceRemoval: (advice: string) => void = () => {};
  private announceReady: () => void = () => {};
  readonly failed: Promise<string>;
  readonly removed: Promise<string>;
  readonly ready: Promise<void>;

  constructor({ config, identity, log, metrics, storage, tuning }: MemberParts) {
    this.config = config;
    this.identity = identity;
    this.log = log;
    this.metrics = metrics;
    this.storage = storage;
    this.tuning = tuning;
    this.id = toMemberId(identity.memberId);
    this.electionTicks = Math.max(2, Math.round(config.electionTimeoutMs / config.heartbeatMs));
    this.failed = new Promise((resolve) => {
      this.announceFailure = resolve;
    });
    this.removed = new Promise((resolve) => {
      this.announceRemoval = resolve;
    });
    this.ready = new Promise((resolve) => {
      this.announceReady = resolve;
    });
    this.machine = createMachine({
      backend: storage.backend,
      outputs: this.outputs,
      observer: metrics.applies,
      founders: identity.founders.map((founder) => ({ ...founder, clientUrls: [], isLearner: false })),
    });
    const { directory } = this.machine;
    this.peers = new PeerBook({ self: this.id, directory, acquaintances: identity.acquaintances });
    this.transport = new PeerTransport({
      ...(config.peerTls === undefined ? {} : { tls: config.peerTls }),
      id: this.id,
      clusterId: identity.clusterId,
      peers: this.peers.addresses(),
      ownUrls: config.advertisePeerUrls,
      standing: (peer) => this.peers.standing(peer),
      onIntroduced: (peer, urls) => {
        if (this.peers.introduce(peer, urls)) this.transport.setPeers(this.peers.addresses());
      },
      clusterFacts: () => this.clusterFacts(),
      // A peer may count on what this member forgot with an earlier disk: it is listened to once it has let this life in.
      onReceive: (from, lane, bytes) => {
        if (this.transport.isWelcomeAt(from))
          (this.running?.member ?? this.awaiting)?.receive(from, lane, bytes);
      },
      onUnreachable: (peer) => (this.running?.member ?? this.awaiting)?.peerUnreachable(peer),
      takesPeers: () => (this.running ?? this.awaiting) !== undefined,
      knownLife: (peer) => this.machine.latestIncarnation(peer) ?? this.awaiting?.lives.get(peer),
      onDisowned: (reason) =>
        this.announceFailure(
          `${reason}. Give it back its data directory (${config.dataDirectory}), or, to found the cluster anew, remove the data of all its members.`,
        ),
      onRemoved: () =>
        this.announceRemoval(
          `this member has been removed from the cluster. To let it in again: empty its data directory (${config.dataDirectory}), add it with synod member add, and start it with --initial-cluster-state existing.`,
        ),
      observer: transportObserver(log, (peer) => this.peers.nameOf(peer), metrics.peers),
    });
  }

  get clientPorts(): readonly number[] {
    return this.running?.clients?.ports ?? [];
  }

  get httpPorts(): readonly number[] {
    return this.running?.web?.ports ?? [];
  }

  get metricsPorts(): readonly number[] {
    return this.running?.watchers?.ports ?? [];
  }

  get peerPorts(): readonly number[] {
    return this.transport.ports;
  }

  async start(): Promise<void> {
    const { config, identity } = this;
    const awaitsState = this.awaitsState();
    // Of a changed membership only the state could tell.
    if (!awaitsState) refuseOtherCluster(config, identity, this.machine.directory);
    await listening(
      'peers',
      config.listenPeerUrls,
      this.transport.listen(config.listenPeerUrls.map(addressOf)),
    );
    const webTokenKeys = await readWebTokenKeys(config.auth.tokens);
    const { replica, entries } = await this.openReplica(awaitsState);
    keepIdentity(config.dataDirectory, identity);
    if (awaitsState) this.inBackground(this.regainState(replica, livesInLog(entries), webTokenKeys));
    else await this.run(replica, webTokenKeys);
  }

  /** Whether the state was set aside. One that is there has come since, before the mark could be taken away. */
  private awaitsState(): boolean {
    const { dataDirectory } = this.config;
    if (!isStateAwaited(dataDirectory)) return false;
    if (this.machine.appliedIndex === 0) return true;
    forgetAwaitedState(dataDirectory);
    return false;
  }

  /** Takes part without serving until the state of another member is in force, and goes on as any other from there. */
  private async regainState(
    replica: Replica,
    lives: ReadonlyMap<string, number>,
    webTokenKeys: WebTokenKeys | undefined,
  ): Promise<void> {
    const { config, log } = this;
    const regained = new Promise<void>((resolve) => {
      this.announceState = resolve;
    });
    const awaiting = new AwaitingState({
      replica,
      send: (to, lane, bytes) => this.transport.send(to, lane, bytes),
      tickMs: config.heartbeatMs,
      lives,
    });
    this.awaiting = awaiting;
    log.info(
      'the state of this member was set aside: asking the others for theirs, and serving nobody until then',
    );
    this.transport.start(replica.status().life);
    await regained;
    if (this.stopping !== undefined) return;
    forgetAwaitedState(config.dataDirectory);
    awaiting.end();
    await this.run(replica, webTokenKeys);
    this.awaiting = undefined;
  }

  private async run(replica: Replica, webTokenKeys: WebTokenKeys | undefined): Promise<void> {
    const { config, log } = this;
    const running = new Running({
      config,
      identity: this.identity,
      peers: this.peers,
      log,
      metrics: this.metrics,
      machine: this.machine,
      replica,
      transport: this.transport,
      storage: this.storage,
      electionTicks: this.electionTicks,
      webTokenKeys,
      failed: (reason) => this.announceFailure(reason),
    });
    this.running = running;
    this.outputs.connect(running.member);
    // The list of members may have come with a state of another member's.
    this.transport.setPeers(this.peers.addresses());
    // What came from another member a moment ago is not compared with it.
    if (config.corruptionChecks.atStart && this.awaiting === undefined) {
      this.transport.start(replica.status().life);
      this.inBackground(this.serveIfSound(running));
      return;
    }
    await this.listenForClients(running);
    if (this.awaiting === undefined) this.transport.start(replica.status().life);
    this.serve(running);
  }

  /** etcd's initial corruption check: others are asked before anybody is answered. */
  private async serveIfSound(running: Running): Promise<void> {
    if (!(await running.isSound()))
      throw new StartFailure(
        `${this.id} found data inconsistency with peers. The lines above tell who holds what; a member that is wrong is mended by stopping it and "synod rebuild --data-dir ${this.config.dataDirectory}" (its own directory), and then started.`,
      );
    if (this.stopping !== undefined) return;
    await this.listenForClients(running);
    this.serve(running);
  }

  /** What a start goes on with once its owner has the member, so that it can be stopped meanwhile. */
  private inBackground(work: Promise<void>): void {
    work.catch((error) => {
      if (!(error instanceof StartFailure || error instanceof CertificateFailure)) throw error;
      this.announceFailure(error.message);
    });
  }

  private listenForClients(running: Running): Promise<void> {
    const { config } = this;
    const urls = [...config.listenClientUrls, ...config.listenClientHttpUrls, ...config.listenMetricsUrls];
    return listening('clients', urls, running.listen());
  }

  private serve(running: Running): void {
    const { config, identity, log } = this;
    running.begin();
    log.info('started', {
      name: config.name,
      'member-id': identity.memberId,
      'cluster-id': identity.clusterId,
      'data-dir': config.dataDirectory,
      ...(config.journalDirectory === undefined ? {} : { 'dedicated-wal-dir': config.journalDirectory }),
      'listen-client-urls': config.listenClientUrls,
      'listen-peer-urls': config.listenPeerUrls,
    });
    const ready = (): void => {
      log.info('ready to serve client requests');
      this.announceReady();
    };
    running.publish(() => {
      if (config.forceNewCluster) running.removeOthers(ready);
      else ready();
    });
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  /** Lets go of everything but the storage, after a start that did not succeed. */
  async abandon(): Promise<void> {
    await (this.running === undefined ? this.awaiting?.stop() : this.running.abandon());
    await this.transport.close();
  }

  private async stopOnce(): Promise<void> {
    this.log.info('stopping');
    await (this.running === undefined ? this.awaiting?.stop() : this.running.stop());
    await this.transport.close();
    await this.storage.close();
    this.log.info('stopped');
  }

  private clusterFacts(): ClusterFacts | undefined {
    if (this.running === undefined) return undefined;
    const { clusterId, founders } = this.identity;
    return {
      clusterId,
      protocol: this.config.protocol,
      founders,
      members: this.machine.directory.list().map(({ id, name, peerUrls }) => ({ id, name, peerUrls })),
    };
  }

  private openReplica(awaitsState: boolean): Promise<OpenedReplica> {
    const { disk, peers } = this.metrics;
    const observer = replicaObserver(this.log, {
      onFatal: (reason) => this.announceFailure(reason),
      onSynced: (bytes) => disk.journalWritten(bytes),
      onSnapshot: (event) => tellOfSnapshot(event, disk, peers),
      onMalformed: (from) => peers.receiveFailed(from),
    });
    return openMemberReplica({
      config: this.config,
      identity: this.identity,
      tuning: this.tuning,
      log: this.log,
      disk: this.storage.disk,
      transport: this.transport,
      machine: this.machine,
      electionTicks: this.electionTicks,
      awaitsState,
      observe: (event) => {
        observer.observe(event);
        if (event.kind === 'roleChanged') this.running?.roleChanged();
        if (event.kind === 'stateRegained') this.announceState();
      },
    });
  }
}
