/**
 * A cluster of real processes in a temporary directory of its own, on free ports. Stopping it removes the directory
 * (unless `SYNOD_INTEROP_KEEP=1`, to read the logs of a failure).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdctl } from '../etcdctl.ts';
import { freePorts } from './free-ports.ts';
import { type MemberAddress, MemberProcess } from './member-process.ts';
import { type Target, target as targetOfThisRun } from './target.ts';

export interface ClusterOptions {
  readonly target?: Target;
  readonly memberCount?: number;
  readonly extraFlags?: readonly string[];
  /** Where data and logs go; a fresh directory under the system's temporary one unless given. */
  readonly parentDirectory?: string;
  /** Data directories that must lie elsewhere, such as on a small disk: member's name → directory. */
  readonly dataDirectories?: Readonly<Record<string, string>>;
}

export interface EndpointStatus {
  readonly endpoint: string;
  readonly memberId: string;
  readonly leaderId: string;
  readonly revision: number;
}

const LEADER_TIMEOUT_MS = 20_000;

export class Cluster {
  readonly directory: string;
  /** Grows by `recruit`; whoever takes a member out of the cluster takes it out here. */
  readonly members: MemberProcess[];

  private constructor(directory: string, members: MemberProcess[]) {
    this.directory = directory;
    this.members = members;
  }

  /** Prepares a cluster whose processes are not yet started. */
  static async prepare(options: ClusterOptions = {}): Promise<Cluster> {
    const target = options.target ?? targetOfThisRun;
    const directory = mkdtempSync(join(options.parentDirectory ?? tmpdir(), `${target.name}-interop-`));
    const count = options.memberCount ?? 3;
    const ports = await freePorts(2 * count);
    const addresses: MemberAddress[] = Array.from({ length: count }, (_, at) => ({
      name: `m${at + 1}`,
      clientPort: ports[2 * at]!,
      peerPort: ports[2 * at + 1]!,
    }));
    const members = addresses.map(
      (address) =>
        new MemberProcess({
          ...address,
          target,
          dataDir: options.dataDirectories?.[address.name] ?? join(directory, address.name),
          logFile: join(directory, `${address.name}.log`),
          initialMembers: addresses,
          clusterToken: `interop-${directory.slice(-6)}`,
          extraFlags: options.extraFlags ?? [],
          commandPrefix: [],
        }),
    );
    return new Cluster(directory, members);
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.prepare(options);
    try {
      await cluster.startAll();
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
    return cluster;
  }

  /** A new member with an empty data directory, which is neither added to the cluster nor started. */
  async recruit(name: string): Promise<MemberProcess> {
    const [clientPort, peerPort] = await freePorts(2);
    const address: MemberAddress = { name, clientPort: clientPort!, peerPort: peerPort! };
    const recruit = new MemberProcess({
      ...this.members[0]!.options,
      ...address,
      dataDir: join(this.directory, name),
      logFile: join(this.directory, `${name}.log`),
      initialMembers: [...this.members.map(({ options }) => options), address],
      joins: true,
    });
    this.members.push(recruit);
    return recruit;
  }

  /** All client endpoints, joined by commas as etcdctl takes them. */
  get endpoints(): string {
    return this.members.map((member) => member.endpoint).join(',');
  }

  async startAll(timeoutMs?: number): Promise<void> {
    for (const member of this.members) member.spawn();
    await Promise.all(this.members.map((member) => member.untilServing(timeoutMs)));
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** `kill -9` of every member at once. */
  async killAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }

  /** Ends every process and removes everything that was written. */
  async destroy(): Promise<void> {
    await this.killAll();
    if (process.env['SYNOD_INTEROP_KEEP'] === '1') process.stderr.write(`Kept: ${this.directory}\n`);
    else rmSync(this.directory, { recursive: true, force: true });
  }

  /** What each of the members that run says of itself. */
  async status(): Promise<EndpointStatus[]> {
    const alive = this.members.filter((member) => member.isRunning);
    const { stdout } = await etcdctl(alive, ['endpoint', 'status', '-w', 'fields']);
    return parseStatus(stdout);
  }

  /** The member that leads, once all that run agree on it. */
  async leader(): Promise<MemberProcess> {
    const deadline = performance.now() + LEADER_TIMEOUT_MS;
    for (;;) {
      const statuses = await this.status();
      const leaderIds = new Set(statuses.map((status) => status.leaderId));
      const alive = this.members.filter((member) => member.isRunning);
      const leading = statuses.find((status) => status.memberId === status.leaderId);
      const member = this.members.find(({ endpoint }) => endpoint === leading?.endpoint);
      if (leaderIds.size === 1 && statuses.length === alive.length && member) return member;
      if (performance.now() > deadline)
        throw new Error(`no agreement on a leader: ${JSON.stringify(statuses)}`);
      await sleep(50);
    }
  }

  async follower(): Promise<MemberProcess> {
    const leader = await this.leader();
    return this.members.find((member) => member !== leader && member.isRunning)!;
  }
}

/** `etcdctl -w fields` writes one `"Name" : value` a line; `"Endpoint"` closes a member's block. */
function parseStatus(text: string): EndpointStatus[] {
  const statuses: EndpointStatus[] = [];
  let fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^"(\w+)" : (.*)$/.exec(line);
    if (!match) continue;
    fields.set(match[1]!, match[2]!.replaceAll('"', ''));
    if (match[1] !== 'Endpoint') continue;
    statuses.push({
      endpoint: fields.get('Endpoint') ?? '',
      memberId: fields.get('MemberID') ?? '',
      leaderId: fields.get('Leader') ?? '',
      revision: Number(fields.get('Revision') ?? 0),
    });
    fields = new Map();
  }
  return statuses;
}
