/**
 * Puts one member together and runs it. The only file that knows all parts; what each part needs of another is passed in
 * here, as a port or a callback.
 */
import { randomBytes } from 'node:crypto';
import {
  describeJournalError,
  type Entry,
  type MemberId,
  openReplica,
  type Replica,
  type ReplicaOpenOptions,
  simpleMembership,
  clusterId as toClusterId,
  memberId as toMemberId,
} from '@synod/consensus';
import {
  ConnectedOutputs,
  type CoordinationMachine,
  createMachine,
  isNamedCorrupt,
} from '@synod/coordination';
import type { MemberConfig } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import { createMemberMetrics, type MemberMetrics } from '../metrics/member-metrics.ts';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';
import { forgetAwaitedState, isStateAwaited } from '../storage/replaced-state.ts';
import { ensureCertificate } from '../tls/automatic-certificate.ts';
import { CertificateFailure } from '../tls/certificate-files.ts';
import type { WebTokenKeys } from '../tokens/web-token-kind.ts';
import { PeerTransport } from '../transport/peer-transport.ts';
import { addressOf } from './addresses.ts';
import { AwaitingState } from './awaiting-state.ts';
import { CLOCK } from './clock.ts';
import { replicaObserver, transportObserver } from './events.ts';
import { livesInLog } from './lives-in-log.ts';
import { makeCore } from './make-core.ts';
import { Running } from './running.ts';
import { StartFailure } from './start-failure.ts';
import { type MemberStorage, openStorage } from './storage.ts';
import { readWebTokenKeys } from './web-token-keys.ts';

export interface RunningMember {
  /** The ports that clients and peers are served on, in the order of the configuration. */
  readonly clientPorts: readonly number[];
  readonly peerPorts: readonly number[];
  /** The ports for metrics and health alone. */
  readonly metricsPorts: readonly number[];
  /** Resolves when the member takes part in its cluster and answers its clients. */
  readonly ready: Promise<void>;
  /** Resolves, with the reason, when the member cannot go on. Nothing was acknowledged that is not durable. */
  readonly failed: Promise<string>;
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
  const metrics = createMemberMetrics({ memberId: config.memberId, serverVersion, clusterVersion });
  const storage = openStorage(config.dataDirectory, {
    committed: ({ milliseconds }) => metrics.backendCommitted(milliseconds),
    defragmented({ milliseconds, bytesBefore, bytesAfter }) {
      metrics.backendDefragmented(milliseconds);
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
    member = new Member({ config, log, metrics, storage, tuning });
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
  readonly log: Log;
  readonly metrics: MemberMetrics;
  readonly storage: MemberStorage;
  readonly tuning: MemberTuning;
}

class Member implements RunningMember {
  private readonly config: MemberConfig;
  private readonly log: Log;
  private readonly metrics: MemberMetrics;
  private readonly storage: MemberStorage;
  private readonly tuning: MemberTuning;
  private readonly id: MemberId;
  private readonly outputs = new ConnectedOutputs();
  private readonly machine: CoordinationMachine;
  private readonly transport: PeerTransport;
  private readonly electionTicks: number;
  private running: Running | undefined;
  /** While this member is without a state. */
  private awaiting: AwaitingState | undefined;
  private announceState: () => void = () => {};
  private stopping: Promise<void> | undefined;
  private announceFailure: (reason: string) => void = () => {};
  private announceReady: () => void = () => {};
  readonly failed: Promise<string>;
  readonly ready: Promise<void>;

  constructor({ config, log, metrics, storage, tuning }: MemberParts) {
    this.config = config;
    this.log = log;
    this.metrics = metrics;
    this.storage = storage;
    this.tuning = tuning;
    this.id = toMemberId(config.memberId);
    this.electionTicks = Math.max(2, Math.round(config.electionTimeoutMs / config.heartbeatMs));
    this.failed = new Promise((resolve) => {
      this.announceFailure = resolve;
    });
    this.ready = new Promise((resolve) => {
      this.announceReady = resolve;
    });
    this.machine = createMachine({
      backend: storage.backend,
      outputs: this.outputs,
      founders: config.founders.map((founder) => ({ ...founder, clientUrls: [], isLearner: false })),
    });
    this.transport = new PeerTransport({
      ...(config.peerTls === undefined ? {} : { tls: config.peerTls }),
      id: this.id,
      clusterId: config.clusterId,
      peers: new Map(
        config.founders.map(({ id, peerUrls }) => [toMemberId(id), peerUrls.map(addressOf)] as const),
      ),
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
      observer: transportObserver(
        log,
        (peer) => config.founders.find(({ id }) => id === peer)?.name,
        (peer, milliseconds) => metrics.roundTrip(peer, milliseconds),
      ),
    });
  }

  get clientPorts(): readonly number[] {
    return this.running?.clients?.ports ?? [];
  }

  get metricsPorts(): readonly number[] {
    return this.running?.watchers?.ports ?? [];
  }

  get peerPorts(): readonly number[] {
    return this.transport.ports;
  }

  async start(): Promise<void> {
    const { config } = this;
    await listening(
      'peers',
      config.listenPeerUrls,
      this.transport.listen(config.listenPeerUrls.map(addressOf)),
    );
    const webTokenKeys = await readWebTokenKeys(config.auth.tokens);
    const awaitsState = this.awaitsState();
    const { replica, entries } = await this.openReplica(awaitsState);
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
        `${this.config.memberId} found data inconsistency with peers. The lines above tell who holds what; a member that is wrong is mended by stopping it and "synod rebuild --data-dir ${this.config.dataDirectory}" (its own directory), and then started.`,
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
    return listening('clients', [...config.listenClientUrls, ...config.listenMetricsUrls], running.listen());
  }

  private serve(running: Running): void {
    const { config, log } = this;
    running.begin();
    log.info('started', {
      name: config.name,
      'member-id': config.memberId,
      'cluster-id': config.clusterId,
      'data-dir': config.dataDirectory,
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

  private openReplica(
    awaitsState: boolean,
  ): Promise<{ readonly replica: Replica; readonly entries: readonly Entry[] }> {
    const { config } = this;
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
          if (event.kind === 'stateRegained') this.announceState();
        },
      },
      electionTimeoutTicks: this.electionTicks,
      tickMs: config.heartbeatMs,
      trimming: { snapshotCount: config.snapshotCount },
      awaitsState,
      mayGiveState: () => !isNamedCorrupt(this.machine, this.id),
      ...(journalSegmentBytes === undefined ? {} : { segmentBytes: journalSegmentBytes }),
      identity: {
        protocol: config.protocol,
        clusterId: toClusterId(config.clusterId),
        memberId: this.id,
        foundingMembership: simpleMembership({
          voters: config.founders.map(({ id }) => toMemberId(id)),
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
        if (result.ok) resolve({ replica: result.replica, entries: result.recovered.entries });
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
