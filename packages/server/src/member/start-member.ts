/**
 * Puts one member together and runs it. The only file that knows all parts; what each part needs of another is passed in
 * here, as a port or a callback.
 */
import { randomBytes } from 'node:crypto';
import {
  describeJournalError,
  type MemberId,
  openReplica,
  type Replica,
  type ReplicaOpenOptions,
  simpleMembership,
  clusterId as toClusterId,
  memberId as toMemberId,
} from '@synod/consensus';
import { ConnectedOutputs, type CoordinationMachine, createMachine } from '@synod/coordination';
import type { MemberConfig } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import { createMemberMetrics, type MemberMetrics } from '../metrics/member-metrics.ts';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';
import { ensureCertificate } from '../tls/automatic-certificate.ts';
import { CertificateFailure } from '../tls/certificate-files.ts';
import type { ClusterFacts } from '../transport/cluster-question.ts';
import { PeerTransport } from '../transport/peer-transport.ts';
import { addressOf } from './addresses.ts';
import { CLOCK } from './clock.ts';
import { replicaObserver, transportObserver } from './events.ts';
import type { MemberIdentity } from './identity/member-identity.ts';
import { keepIdentity, settleIdentity } from './identity/settle-identity.ts';
import { makeCore } from './make-core.ts';
import { PeerBook } from './peer-book.ts';
import { Running } from './running.ts';
import { StartFailure } from './start-failure.ts';
import { type MemberStorage, openStorage } from './storage.ts';
import { readWebTokenKeys } from './web-token-keys.ts';

export interface RunningMember {
  /** The ports that clients and peers are served on, in the order of the configuration. */
  readonly clientPorts: readonly number[];
  readonly peerPorts: readonly number[];
  /** The ports for HTTP/1.1, where clients' do not speak it. */
  readonly httpPorts: readonly number[];
  /** The ports for metrics and health alone. */
  readonly metricsPorts: readonly number[];
  /** Resolves when the member takes part in its cluster and answers its clients. */
  readonly ready: Promise<void>;
  /** Resolves, with the reason, when the member cannot go on. Nothing was acknowledged that is not durable. */
  readonly failed: Promise<string>;
  /** Resolves, with what to do about it, when the cluster has gone on without this member. */
  readonly removed: Promise<string>;
  /** Hands leadership over, finishes what is in flight, and closes everything. */
  stop(): Promise<void>;
}

/** What no flag sets, as it makes no difference that a user would see. */
export interface MemberTuning {
  /** The size of the journal's files, which are made whole: small ones let many members start fast on one disk. */
  readonly journalSegmentBytes?: number;
}

/** @throws StartFailure (as a rejection) with words for whoever started it. */
export async function startMember(
  config: MemberConfig,
  log: Log,
  tuning: MemberTuning = {},
): Promise<RunningMember> {
  const { serverVersion, clusterVersion } = ETCD_DEFAULTS;
  let metrics: MemberMetrics | undefined;
  const storage = openStorage(config, {
    committed: ({ milliseconds }) => metrics?.backendCommitted(milliseconds),
    defragmented({ milliseconds, bytesBefore, bytesAfter }) {
      metrics?.backendDefragmented(milliseconds);
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
    const identity = await settleIdentity(config, storage.disk, log);
    metrics = createMemberMetrics({ memberId: identity.memberId, serverVersion, clusterVersion });
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
        if (this.transport.isWelcomeAt(from)) this.running?.member.receive(from, lane, bytes);
      },
      onUnreachable: (peer) => this.running?.member.peerUnreachable(peer),
      takesPeers: () => this.running !== undefined,
      knownLife: (peer) => this.machine.latestIncarnation(peer),
      onDisowned: (reason) =>
        this.announceFailure(
          `${reason}. Give it back its data directory (${config.dataDirectory}), or, to found the cluster anew, remove the data of all its members.`,
        ),
      onRemoved: () =>
        this.announceRemoval(
          `this member has been removed from the cluster. To let it in again: empty its data directory (${config.dataDirectory}), add it with synod member add, and start it with --initial-cluster-state existing.`,
        ),
      observer: transportObserver(
        log,
        (peer) => this.peers.nameOf(peer),
        (peer, milliseconds) => metrics.roundTrip(peer, milliseconds),
      ),
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
    const { config, identity, log } = this;
    this.refuseOtherCluster();
    await listening(
      'peers',
      config.listenPeerUrls,
      this.transport.listen(config.listenPeerUrls.map(addressOf)),
    );
    const webTokenKeys = await readWebTokenKeys(config.auth.tokens);
    const replica = await this.openReplica();
    keepIdentity(config.dataDirectory, identity);
    const running = new Running({
      config,
      identity,
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
    const clientUrls = [
      ...config.listenClientUrls,
      ...config.listenClientHttpUrls,
      ...config.listenMetricsUrls,
    ];
    await listening('clients', clientUrls, running.listen());
    this.transport.start(replica.status().life);
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
    running.publish(() => {
      log.info('ready to serve client requests');
      this.announceReady();
    });
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  /** Lets go of everything but the storage, after a start that did not succeed. */
  async abandon(): Promise<void> {
    await this.running?.abandon();
    await this.transport.close();
  }

  private async stopOnce(): Promise<void> {
    this.log.info('stopping');
    await this.running?.stop();
    await this.transport.close();
    await this.storage.close();
    this.log.info('stopped');
  }

  /**
   * Flags that name another cluster than the data directory are a mistake, unless the members have changed since: then they
   * need not say any more how it began.
   */
  private refuseOtherCluster(): void {
    const { config, identity } = this;
    if (config.initialClusterState === 'existing' || this.machine.directory.isInForce) return;
    // It joined, and has nothing of the cluster's state yet.
    if (!identity.founders.some(({ id }) => id === identity.memberId)) return;
    const [kind, found, expected] =
      config.clusterId === identity.clusterId
        ? (['wrongMember', identity.memberId, config.memberId] as const)
        : (['wrongCluster', identity.clusterId, config.clusterId] as const);
    if (found !== expected) throw new StartFailure(describeJournalError({ kind, found, expected }));
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

  private openReplica(): Promise<Replica> {
    const { config, identity } = this;
    const { journalSegmentBytes } = this.tuning;
    const options: ReplicaOpenOptions = {
      clock: CLOCK,
      disk: this.storage.disk,
      transport: this.transport,
      machine: this.machine,
      observer: {
        observe: (event) => {
          observer.observe(event);
          if (event.kind === 'roleChanged') this.running?.roleChanged();
        },
      },
      electionTimeoutTicks: this.electionTicks,
      tickMs: config.heartbeatMs,
      trimming: { snapshotCount: config.snapshotCount },
      ...(journalSegmentBytes === undefined ? {} : { segmentBytes: journalSegmentBytes }),
      identity: {
        protocol: config.protocol,
        clusterId: toClusterId(identity.clusterId),
        memberId: this.id,
        foundingMembership: simpleMembership({
          voters: identity.founders.map(({ id }) => toMemberId(id)),
          learners: [],
        }),
      },
      salt: randomBytes(4).readUInt32LE(),
      makeCore: (recovered, incarnation) =>
        makeCore(config.protocol, {
          id: this.id,
          electionTimeoutTicks: this.electionTicks,
          preVote: config.preVote,
          initialElectionTicks: config.initialElectionTickAdvance ? 1 : undefined,
          recovered,
          incarnation,
        }),
    };
    const observer = replicaObserver(this.log, {
      onFatal: (reason) => this.announceFailure(reason),
      onSynced: (bytes, milliseconds) => this.metrics.journalSynced(bytes, milliseconds),
    });
    return new Promise((resolve, reject) => {
      openReplica(options, (result) => {
        if (result.ok) resolve(result.replica);
        else reject(new StartFailure(describeJournalError(result.error)));
      });
    });
  }
}

/** Waits for listeners, and says which address could not be had. */
async function listening(whom: string, urls: readonly string[], attempt: Promise<void>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof CertificateFailure) throw error;
    const where = urls.join(', ');
    if (code === 'EADDRINUSE')
      throw new StartFailure(
        `the address for ${whom} is taken (${where}). Stop what listens there, or choose another.`,
      );
    throw new StartFailure(`cannot listen for ${whom} on ${where}: ${message}`);
  }
}
