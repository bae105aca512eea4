/** Debian's etcdctl (3.4) as a function: arguments and stdin in; exit code and texts out. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Who is asked: members, or anything else that has a client endpoint. */
export type Endpoints = { readonly endpoint: string } | readonly { readonly endpoint: string }[];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_TIMEOUT_MS = 30_000;

const joined = (endpoints: Endpoints): string =>
  (Array.isArray(endpoints) ? endpoints : [endpoints as { endpoint: string }])
    .map(({ endpoint }) => endpoint)
    .join(',');

/** Runs to the end, whatever the exit code. */
export async function etcdctlAnyExit(
  endpoints: Endpoints,
  args: readonly string[],
  stdin = '',
  command: readonly string[] = ['etcdctl'],
): Promise<Finished> {
  const running = new RunningEtcdctl(endpoints, args, command);
  running.child.stdin.on('error', () => {});
  running.child.stdin.end(stdin);
  return running.untilExit(COMMAND_TIMEOUT_MS);
}

/** Runs to the end and throws, with both texts, if it failed. */
export async function etcdctl(endpoints: Endpoints, args: readonly string[], stdin = ''): Promise<Finished> {
  const finished = await etcdctlAnyExit(endpoints, args, stdin);
  if (finished.code !== 0)
    throw new Error(
      `etcdctl ${args.join(' ')} ended with ${finished.code}:\n${finished.stdout}${finished.stderr}`,
    );
  return finished;
}

/** An etcdctl that goes on until it is stopped: watch, lock, elect, keep-alive. */
export class RunningEtcdctl {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  private readonly exit: Promise<number | null>;
  private notify: () => void = () => {};

  /** `command`: another client with the same options. */
  constructor(endpoints: Endpoints, args: readonly string[], command: readonly string[] = ['etcdctl']) {
    const [name, ...leading] = command;
    this.child = spawn(name!, [...leading, `--endpoints=${joined(endpoints)}`, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.notify();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.notify();
    });
    this.exit = once(this.child, 'close').then(([code]) => {
      this.notify();
      return code as number | null;
    });
  }

  /** Waits until stdout satisfies the condition; throws with the texts so far if it does not in time. */
  async untilStdout(
    satisfies: (stdout: string) => boolean,
    timeoutMs: number = COMMAND_TIMEOUT_MS,
  ): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    while (!satisfies(this.stdout)) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`etcdctl did not print what was awaited:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.stdout;
  }

  async untilExit(timeoutMs: number = COMMAND_TIMEOUT_MS): Promise<Finished> {
    const late = sleep(timeoutMs, 'late' as const, { ref: false });
    const code = await Promise.race([this.exit, late]);
    if (code === 'late') {
      this.child.kill('SIGKILL');
      await this.exit;
      throw new Error(
        `${this.child.spawnargs.join(' ')} still ran after ${timeoutMs} ms:\n${this.stdout}${this.stderr}`,
      );
    }
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ctrl-C, as a user would end it. */
  async interrupt(): Promise<Finished> {
    this.child.kill('SIGINT');
    return this.untilExit();
  }
}
