/** `synod dev`: a cluster of processes on this machine, kept alive until Ctrl-C. */
import { DevMember, type MemberEnd } from './dev-member.ts';
import { type DevMemberSpec, type DevOptions, memberSpecs, startFlags } from './dev-options.ts';
import { DevOutput } from './dev-output.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import type { LogLine } from './log-line.ts';
import { RestartDelays } from './restart-delays.ts';
import { stopAsked } from './stop-asked.ts';

export async function dev(options: DevOptions): Promise<void> {
  process.title = 'synod dev';
  const cluster = new DevCluster(options);
  // A reader that goes away, such as `head`, ends the cluster, not only its words.
  process.stdout.on('error', () => void cluster.end(EXIT_OK));
  cluster.start();
  await stopAsked(
    {
      onFirst: () => cluster.output.say('Stopping …'),
      onSecond: () => {
        cluster.kill();
        process.exit(EXIT_FAILED);
      },
    },
    ['SIGINT', 'SIGTERM', 'SIGHUP'],
  );
  await cluster.end(EXIT_OK);
}

class DevCluster {
  readonly output: DevOutput;
  private readonly options: DevOptions;
  private readonly members = new Map<string, DevMember>();
  /** Names of those that have not served yet. */
  private readonly awaited: Set<string>;
  /** Names of those that died and stay so. */
  private readonly down = new Set<string>();
  private isEnding = false;

  constructor(options: DevOptions) {
    this.options = options;
    const specs = memberSpecs(options);
    this.output = new DevOutput(specs);
    this.awaited = new Set(specs.map(({ name }) => name));
    for (const spec of specs) this.members.set(spec.name, this.member(spec, specs));
  }

  start(): void {
    const { members, dataDir } = this.options;
    this.output.say(`Starting ${members} member${members === 1 ? '' : 's'}, data in ${dataDir} …`);
    for (const member of this.members.values()) member.start();
  }

  /** Stops every member, then this process. */
  async end(exitCode: number): Promise<void> {
    if (this.isEnding) return;
    this.isEnding = true;
    await Promise.all([...this.members.values()].map((member) => member.stop()));
    if (exitCode === EXIT_OK) this.output.say('Stopped.');
    process.exit(exitCode);
  }

  kill(): void {
    for (const member of this.members.values()) member.kill();
  }

  private member(spec: DevMemberSpec, all: readonly DevMemberSpec[]): DevMember {
    const delays = new RestartDelays();
    const { name } = spec;
    const member = new DevMember(startFlags(spec, all, this.options), {
      ready: () => {
        delays.served();
        this.ready(name);
      },
      line: (line) => this.line(name, line),
      died: (end) => this.died(name, end, () => delays.next(), member),
    });
    return member;
  }

  private ready(name: string): void {
    if (!this.awaited.delete(name)) this.output.of(name, 'serves again.');
    else if (this.awaited.size === 0) this.output.banner(this.options.dataDir);
  }

  private line(name: string, line: LogLine): void {
    if (this.options.verbose === true || (!this.isEnding && !this.awaited.has(name)))
      this.output.line(name, line);
  }

  private staysDown(name: string): void {
    this.down.add(name);
    if (this.down.size < this.members.size) return;
    process.stderr.write('synod dev: no member is left\n');
    void this.end(EXIT_FAILED);
  }

  private died(name: string, end: MemberEnd, nextDelayMs: () => number, member: DevMember): void {
    if (this.isEnding) return;
    const why = end.reason === '' ? end.how : `${end.how}: ${end.reason}`;
    if (end.wasRemoved) {
      this.output.of(name, `stopped (${end.reason}). It stays down.`);
      this.staysDown(name);
    } else if (end.couldNotStart) {
      process.stderr.write(`synod dev: ${name} ${end.reason === '' ? `ended (${end.how})` : end.reason}\n`);
      void this.end(EXIT_FAILED);
    } else if (!this.options.restart) {
      this.output.of(name, `died (${why}). It stays down, as --no-restart asks.`);
      this.staysDown(name);
    } else {
      const delayMs = nextDelayMs();
      this.output.of(name, `died (${why}). It starts again in ${delayMs / 1_000} s.`);
      setTimeout(() => member.start(), delayMs);
    }
  }
}
