/**
 * One member of `synod dev` as a child process: started, heard, restarted when it dies, stopped. It decides when to start
 * again; what its end means to the cluster is dev.ts's business.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type LogLine, mayBeReason, readLogLine } from './log-line.ts';
import { READY_MESSAGE, REMOVED_MESSAGE } from './member-messages.ts';

export interface DevMemberEvents {
  ready(): void;
  line(line: LogLine): void;
  /** It ended without being asked to. `restartMs`: when it is started again. */
  died(end: MemberEnd): void;
}

export interface MemberEnd {
  /** How the process ended, and its last words. */
  readonly how: string;
  readonly reason: string;
  /** The cluster goes on without it: there is nothing to start again. */
  readonly wasRemoved: boolean;
  /** It gave up by itself before it ever served. */
  readonly couldNotStart: boolean;
}

const MAIN_FILE = fileURLToPath(new URL('../main.ts', import.meta.url));
/** A member that is not gone so long after it was asked to stop is killed. */
const STOP_TIMEOUT_MS = 15_000;

export class DevMember {
  private readonly flags: readonly string[];
  private readonly events: DevMemberEvents;
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  /** In any of its lives under this parent. */
  private hasServed = false;
  private wasRemoved = false;
  private lastError = '';
  private stopping = false;

  constructor(flags: readonly string[], events: DevMemberEvents) {
    this.flags = flags;
    this.events = events;
  }

  start(): void {
    if (this.stopping) return;
    this.lastError = '';
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN_FILE, 'start', ...this.flags],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // A group of its own: Ctrl-C reaches the parent only, which then stops all in order.
        detached: true,
        env: environment(),
      },
    );
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => this.heard(readLogLine(text)));
    child.on('message', (message) => {
      if (message === REMOVED_MESSAGE) this.wasRemoved = true;
      if (message !== READY_MESSAGE) return;
      this.hasServed = true;
      this.events.ready();
    });
    this.gone = new Promise((resolve) => {
      // `close`, not `exit`: its last words have been read.
      child.on('close', (code, signal) => {
        this.child = undefined;
        resolve();
        this.ended(code, signal);
      });
      child.on('error', (error) => {
        this.lastError = error.message;
      });
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.gone;
    clearTimeout(late);
  }

  kill(): void {
    this.stopping = true;
    this.child?.kill('SIGKILL');
  }

  private heard(line: LogLine): void {
    if (mayBeReason(line)) this.lastError = line.message;
    this.events.line(line);
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.stopping) return;
    this.events.died({
      how: signal === null ? `exit code ${code}` : `signal ${signal}`,
      reason: this.lastError,
      wasRemoved: this.wasRemoved,
      couldNotStart: !this.hasServed && signal === null,
    });
  }
}

/** Without what would configure a member behind the back of its flags. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_')));
}
