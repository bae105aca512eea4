/**
 * One member of a cluster as a real process: started with etcd's flags, watched until it serves, stopped or killed.
 * It knows processes and one log file; it does not know what the member is asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

/** The line both Synod and etcd write to stderr once clients are welcome. */
const READY_LINE = 'ready to serve client requests';
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 25;
const LOG_TAIL_LINES = 25;

/** Processes to kill should the test process itself end early. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface MemberAddress {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

export interface MemberOptions extends MemberAddress {
  readonly target: Target;
  readonly dataDir: string;
  readonly logFile: string;
  /** All members the new cluster begins with, this one included; of one that joins: all that there are by then; none: others know. */
  readonly initialMembers: readonly MemberAddress[];
  readonly clusterToken: string;
  /** It was added to a cluster that exists. */
  readonly joins?: boolean;
  /** Further flags, after the harness's own. */
  readonly extraFlags: readonly string[];
  /** Put in front of the command, such as `setpriv --reuid=…`. */
  readonly commandPrefix: readonly string[];
}

export interface ExitedMember {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const peerUrl = (address: MemberAddress): string => `http://127.0.0.1:${address.peerPort}`;

export class MemberProcess {
  readonly options: MemberOptions;
  /** The process of this life, if one was started; replaced by each start. */
  private child: ChildProcess | undefined;
  private exited: Promise<ExitedMember> = Promise.resolve({ code: null, signal: null });
  /** Where the log of the present life begins in the log file, in bytes. */
  private logOffset = 0;

  constructor(options: MemberOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  /** `127.0.0.1:port`, as etcdctl takes it. */
  get endpoint(): string {
    return `127.0.0.1:${this.options.clientPort}`;
  }

  get clientUrl(): string {
    return `http://${this.endpoint}`;
  }

  get peerUrl(): string {
    return peerUrl(this.options);
  }

  get processId(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} is not running`);
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What this life of the member wrote to stdout and stderr so far. */
  log(): string {
    if (!existsSync(this.options.logFile)) return '';
    return readFileSync(this.options.logFile).subarray(this.logOffset).toString();
  }

  logTail(): string {
    return this.log().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  /** Starts the process and returns at once. */
  spawn(): void {
    if (this.isRunning) throw new Error(`${this.name} is running already`);
    const { options } = this;
    this.logOffset = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
    const log = openSync(options.logFile, 'a');
    const [command, ...rest] = [
      ...options.commandPrefix,
      options.target.command,
      ...options.target.leadingArguments,
      ...this.flags(),
    ];
    const child = spawn(command!, rest, { stdio: ['ignore', log, log], env: environment() });
    closeSync(log);
    running.add(child);
    this.child = child;
    this.exited = Promise.race([
      once(child, 'exit').then(([code, signal]) => ({ code, signal }) as ExitedMember),
      once(child, 'error').then(([error]) => {
        throw new Error(`${command} could not be started: ${(error as Error).message}`);
      }),
    ]).finally(() => running.delete(child));
    this.exited.catch(() => {});
  }

  /** Starts the process and waits until it serves: the ready line, then a healthy `/health`. */
  async start(timeoutMs: number = READY_TIMEOUT_MS): Promise<void> {
    this.spawn();
    await this.untilServing(timeoutMs);
  }

  async untilServing(timeoutMs: number = READY_TIMEOUT_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(this.log().includes(READY_LINE) && (await this.isHealthy()))) {
      if (!this.isRunning) throw new Error(`${this.name} ended before it served:\n${this.logTail()}`);
      if (performance.now() > deadline)
        throw new Error(`${this.name} did not serve within ${timeoutMs} ms:\n${this.logTail()}`);
      await sleep(POLL_INTERVAL_MS);
    }
  }

  async isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.clientUrl}/health`, { signal: AbortSignal.timeout(2_000) });
      const body = (await response.json()) as { health?: unknown };
      return response.ok && body.health === 'true';
    } catch {
      return false;
    }
  }

  /** SIGTERM and wait; a member that does not go is killed and reported. */
  async stop(): Promise<ExitedMember> {
    return this.end('SIGTERM');
  }

  /** `kill -9` and wait. */
  async kill(): Promise<ExitedMember> {
    return this.end('SIGKILL');
  }

  /** Waits for a member that is expected to end by itself. */
  async untilExit(timeoutMs: number): Promise<ExitedMember> {
    const late = sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`${this.name} still runs after ${timeoutMs} ms:\n${this.logTail()}`);
    });
    return Promise.race([this.exited, late]);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<ExitedMember> {
    if (!this.isRunning) return this.exited;
    this.child?.kill(signal);
    try {
      return await this.untilExit(STOP_TIMEOUT_MS);
    } catch (error) {
      this.child?.kill('SIGKILL');
      await this.exited;
      throw error;
    }
  }

  private flags(): string[] {
    const { options } = this;
    return [
      ['--name', options.name],
      ['--data-dir', options.dataDir],
      ['--listen-client-urls', this.clientUrl],
      ['--advertise-client-urls', this.clientUrl],
      ['--listen-peer-urls', this.peerUrl],
      ['--initial-advertise-peer-urls', this.peerUrl],
      options.initialMembers.length === 0
        ? []
        : [
            '--initial-cluster',
            options.initialMembers.map((member) => `${member.name}=${peerUrl(member)}`).join(','),
          ],
      ['--initial-cluster-token', options.clusterToken],
      ['--initial-cluster-state', options.joins === true ? 'existing' : 'new'],
      ['--heartbeat-interval', '100'],
      ['--election-timeout', '1000'],
      options.extraFlags,
    ].flat();
  }
}

/** The caller's environment without what would configure the member or its Node behind the harness's back. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('ETCD') && !name.startsWith('NODE_TEST'),
  );
  return Object.fromEntries(kept);
}
