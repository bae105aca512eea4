/** Clusters on temporary directories and ports of the system's choice, members in this process or in their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_CORRUPTION_CHECKS } from '@synod/coordination';
import { foundedClusterId, founderId } from '../../src/config/cluster-identity.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import type { Log } from '../../src/log/log.ts';
import type { RunningMember } from '../../src/member/running-member.ts';
import { startMember } from '../../src/member/start-member.ts';
import { ANY_WEB_ACCESS } from '../../src/protocols/etcd/web-access.ts';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { EtcdClient } from './etcd-client.ts';
import type { ProcessWord } from './member-process.ts';
import { PeerRelay } from './peer-relay.ts';

/** A disk that others use too takes most of a second to make files of the usual size; and nobody waits to be refused. */
export const TEST_TUNING = {
  journalSegmentBytes: 1024 * 1024,
  joinPaces: { answerMs: 2_000, pauseMs: 20, silenceMaxMs: 500, unknownMaxMs: 300 },
};

/** Whatever runs what it was given at its end: a test's context, for one. */
export interface Ending {
  after(job: () => unknown): void;
}

/** Every test of a whole cluster is run on each. */
export const PROTOCOLS = ['raft', 'paxos'] as const;

type MemberTls = Pick<MemberConfig, 'clientTls' | 'peerTls'>;

export interface ClusterOptions {
  readonly protocol?: (typeof PROTOCOLS)[number];
  readonly size?: number;
  readonly heartbeatMs?: number;
  readonly electionTimeoutMs?: number;
  readonly snapshotCount?: number;
  readonly storeBytesMax?: number;
  readonly httpUrls?: readonly string[];
  readonly metricsUrls?: readonly string[];
  readonly strictReconfiguration?: boolean;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  readonly requestsPerSecondMax?: number;
  readonly autoCompaction?: MemberConfig['autoCompaction'];
  readonly corruptionChecks?: Partial<MemberConfig['corruptionChecks']>;
  readonly slowRequests?: MemberConfig['slowRequests'];
  readonly tokens?: MemberConfig['auth']['tokens'];
  /** Both kinds of ports speak it. */
  readonly tls?: MemberConfig['clientTls'] & {};
  /** What each kind of port speaks, where members differ. */
  readonly tlsOf?: (place: Pick<MemberConfig, 'name' | 'dataDirectory'>) => MemberTls;
}

export class TestMember {
  readonly config: MemberConfig;
  readonly relay: PeerRelay;
  /** The messages of its log, over all its lives. */
  readonly lines = new RecordedEvents<string>();
  /** Both undefined: it does not run. */
  running: RunningMember | undefined;
  process: ChildProcess | undefined;
  private connected: EtcdClient | undefined;

  constructor(config: MemberConfig, relay: PeerRelay) {
    this.config = config;
    this.relay = relay;
  }

  /** Of its present life. */
  get client(): EtcdClient {
    if (this.connected === undefined) throw new Error(`${this.config.name} was not started`);
    return this.connected;
  }

  /** Peers and clients find it from here on. */
  isAt(ports: { readonly clientPort: number | undefined; readonly peerPort: number }): void {
    this.relay.targetPort = ports.peerPort;
    if (ports.clientPort !== undefined) this.connected = new EtcdClient(ports.clientPort);
  }

  isGone(): void {
    this.running = undefined;
    this.process = undefined;
    this.relay.cut();
    this.connected?.close();
    this.connected = undefined;
  }
}

export class TestCluster {
  readonly members: TestMember[];
  private readonly directory: string;
  private readonly options: ClusterOptions;
  /** Members that ever had a name. */
  private named: number;
  /** Those that were removed from the cluster. */
  private readonly former: TestMember[] = [];

  private constructor(directory: string, members: TestMember[], options: ClusterOptions) {
    this.directory = directory;
    this.options = options;
    this.named = members.length;
    this.members = members;
  }

  /** The members are not started. Everything is taken away when the test ends. */
  static async create(ending: Ending, options: ClusterOptions = {}): Promise<TestCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'synod-member-'));
    const relays = Array.from({ length: options.size ?? 3 }, () => new PeerRelay());
    for (const relay of relays) await relay.listen();
    const founders = relays.map((relay, i) => {
      const secureUrl = relay.url.replace('http:', 'https:');
      const { peerTls } = tlsAt({ name: `m${i + 1}`, dataDirectory: '' }, options);
      const url = peerTls === undefined ? relay.url : secureUrl;
      return { id: founderId([url], directory), name: `m${i + 1}`, peerUrls: [url] };
    });
    const cluster = new TestCluster(
      directory,
      relays.map(
        (relay, i) => new TestMember(configOf(join(directory, `m${i + 1}`), founders, i, options), relay),
      ),
      options,
    );
    ending.after(() => cluster.remove());
    return cluster;
  }

  /** All members, in this process, ready. */
  static async started(ending: Ending, options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.create(ending, options);
    await cluster.startAll();
    return cluster;
  }

  async startAll(): Promise<void> {
    const begun = await Promise.all(this.members.map((member) => this.start(member)));
    await Promise.all(begun.map(({ ready }) => ready));
  }

  /** Starts a member in this process; it is ready when its `ready` resolves. */
  async start(member: TestMember): Promise<RunningMember> {
    const running = await startMember(member.config, logInto(member.lines), TEST_TUNING);
    member.running = running;
    const isThere = (): void => {
      if (member.running === running)
        member.isAt({ clientPort: running.clientPorts[0], peerPort: running.peerPorts[0]! });
    };
    isThere();
    // One that makes sure of itself first has a port for clients only then.
    if (running.clientPorts.length === 0) void running.ready.then(isThere);
    return running;
  }

  /** Starts a member in a process of its own; resolves when it is ready. */
  async startProcess(member: TestMember): Promise<void> {
    const path = join(import.meta.dirname, 'member-process.ts');
    const child = fork(path, [JSON.stringify(member.config), JSON.stringify(TEST_TUNING)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    member.process = child;
    await new Promise<void>((resolve, reject) => {
      child.on('exit', () => reject(new Error('the process ended before the member was ready')));
      child.on('message', (word: ProcessWord) => {
        if (word.kind === 'log') member.lines.push(word.message);
        else if (word.kind === 'ready') resolve();
        else member.isAt(word);
      });
    });
  }

  async startProcesses(): Promise<void> {
    await Promise.all(this.members.map((member) => this.startProcess(member)));
  }

  /** Asks a member for a new one, which is not started yet. */
  async add(asked: TestMember, isLearner = false): Promise<TestMember> {
    const relay = new PeerRelay();
    await relay.listen();
    const request = { peerURLs: [relay.url], isLearner };
    const { member } = await asked.client.call('Cluster', 'MemberAdd', request).catch((error: unknown) => {
      relay.close();
      throw error;
    });
    const id = ((member as TableMessage)['ID'] as bigint).toString(16).padStart(16, '0');
    const name = `m${++this.named}`;
    const others = this.members.map(({ config, relay: { url } }) => ({
      id: config.memberId,
      name: config.name,
      peerUrls: [url],
    }));
    const named = [...others, { id, name, peerUrls: [relay.url] }];
    const config = configOf(join(this.directory, name), named, others.length, this.options);
    const added = new TestMember({ ...config, initialClusterState: 'existing' }, relay);
    this.members.push(added);
    return added;
  }

  /** Asks a member to remove one, which goes on running if it does. */
  async removeMember(asked: TestMember, member: TestMember): Promise<void> {
    await asked.client.call('Cluster', 'MemberRemove', { ID: BigInt(`0x${member.config.memberId}`) });
    this.members.splice(this.members.indexOf(member), 1);
    this.former.push(member);
  }

  /** The graceful way. */
  async stop(member: TestMember): Promise<void> {
    await member.running?.stop();
    member.isGone();
  }

  /** Kills a member's process; resolves when it is gone. */
  async kill(member: TestMember): Promise<void> {
    const { process: child } = member;
    if (child !== undefined && child.exitCode === null && child.signalCode === null)
      await new Promise<void>((resolve) => {
        child.on('exit', () => resolve());
        child.kill('SIGKILL');
      });
    member.isGone();
  }

  /** Whoever leads, as `asked` knows it, and the others. Waits while it knows none that runs. */
  async roles(asked: TestMember): Promise<{ leader: TestMember; followers: readonly TestMember[] }> {
    for (;;) {
      const { leader } = await asked.client.status();
      const id = leader === undefined ? '' : (leader as bigint).toString(16).padStart(16, '0');
      const found = this.members.find(({ config }) => config.memberId === id);
      if (found !== undefined && (found.running ?? found.process) !== undefined)
        return { leader: found, followers: this.members.filter((member) => member !== found) };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private async remove(): Promise<void> {
    const all = [...this.members, ...this.former];
    await Promise.all(
      all.map((member) => (member.process === undefined ? this.stop(member) : this.kill(member))),
    );
    for (const { relay } of all) relay.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One that says into `lines` what it is told. */
export function logInto(lines: RecordedEvents<string>): Log {
  const line = (message: string): void => lines.push(message);
  return { debug: () => {}, info: line, warn: line, error: line };
}

function tlsAt(place: Pick<MemberConfig, 'name' | 'dataDirectory'>, options: ClusterOptions): MemberTls {
  if (options.tlsOf !== undefined) return options.tlsOf(place);
  return options.tls === undefined ? {} : { clientTls: options.tls, peerTls: options.tls };
}

function configOf(
  dataDirectory: string,
  founders: MemberConfig['founders'],
  i: number,
  options: ClusterOptions,
): MemberConfig {
  const { id, name, peerUrls } = founders[i]!;
  const tls = tlsAt({ name, dataDirectory }, options);
  const listenUrl = (isSecure: boolean): string => `${isSecure ? 'https' : 'http'}://127.0.0.1:0`;
  return {
    name,
    dataDirectory,
    listenPeerUrls: [listenUrl(tls.peerTls !== undefined)],
    listenClientUrls: [listenUrl(tls.clientTls !== undefined)],
    listenClientHttpUrls: options.httpUrls ?? [],
    listenMetricsUrls: options.metricsUrls ?? [],
    ...tls,
    advertisePeerUrls: peerUrls,
    advertiseClientUrls: [`http://${name}.test:2379`],
    initialClusterState: 'new',
    forceNewCluster: false,
    strictReconfiguration: options.strictReconfiguration ?? true,
    learnersMax: 1,
    memberId: id,
    clusterId: foundedClusterId(founders.map((founder) => founder.id)),
    founders,
    protocol: options.protocol ?? 'raft',
    heartbeatMs: options.heartbeatMs ?? 50,
    electionTimeoutMs: options.electionTimeoutMs ?? 500,
    initialElectionTickAdvance: true,
    preVote: true,
    jsonGateway: true,
    webAccess: ANY_WEB_ACCESS,
    snapshotCount: options.snapshotCount ?? 10_000,
    storeBytesMax: options.storeBytesMax ?? 2 * 1024 ** 3,
    autoCompaction: options.autoCompaction,
    corruptionChecks: { ...NO_CORRUPTION_CHECKS, atStart: false, ...options.corruptionChecks },
    requestBytesMax: 1_572_864,
    transactionOperationsMax: 128,
    concurrentStreamsMax: 1_000_000,
    connectionsMax: options.connectionsMax,
    connectionsPerAddressMax: options.connectionsPerAddressMax ?? 10_000,
    requestsPerSecondMax: options.requestsPerSecondMax ?? Number.POSITIVE_INFINITY,
    keepalive: { minTimeMs: 5_000, intervalMs: 7_200_000, timeoutMs: 20_000 },
    watchProgressIntervalMs: 600_000,
    auth: { tokens: options.tokens ?? { kind: 'simple' }, simpleTokenTtlMs: 300_000, bcryptCost: 4 },
    timesCalls: false,
    slowRequests: options.slowRequests ?? {
      applyMs: Number.POSITIVE_INFINITY,
      requestMs: Number.POSITIVE_INFINITY,
    },
    log: { level: 'info', format: 'json', outputs: ['default'] },
  };
}
