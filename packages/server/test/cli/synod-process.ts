/** `synod` as a process: what it says, line by line as it comes, and how it ends. Killed with the test if it still lives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN_FILE = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class SynodProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  /** Of both outputs, in the order of their coming. */
  private readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();
  /** Lines that `line` has looked at. */
  private seen = 0;
  private over = false;

  constructor(
    test: TestContext,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_'));
    const child = spawn(process.execPath, [MAIN_FILE, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(inherited), ...environment },
    });
    this.child = child;
    const texts = { stdout: '', stderr: '' };
    for (const output of ['stdout', 'stderr'] as const)
      createInterface({ input: child[output]! }).on('line', (line) => {
        texts[output] += `${line}\n`;
        this.lines.push(line);
        this.wake();
      });
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.over = true;
        this.wake();
        resolve({ code, ...texts });
      });
    });
    test.after(async () => {
      child.kill('SIGTERM');
      await this.ended;
    });
  }

  /** The next line that matches, from where the last call left off. Rejects when the process ends without it. */
  async line(words: RegExp): Promise<string> {
    for (;;) {
      while (this.seen < this.lines.length) {
        const line = this.lines[this.seen++]!;
        if (words.test(line)) return line;
      }
      if (this.over) throw new Error(`ended without ${words}:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  get said(): string {
    return this.lines.join('\n');
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

export function run(
  test: TestContext,
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ending> {
  return new SynodProcess(test, args, environment).ended;
}

export function scratchDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-cli-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A port from which `members` members of `synod dev` find all theirs free, as far as anybody can know. */
export async function freeBasePort(members: number): Promise<number> {
  for (;;) {
    const base = await portIfFree(0);
    const ports = Array.from({ length: members }, (_, at) => [base! + 10 * at, base! + 10 * at + 1]).flat();
    const found = await Promise.all(ports.map((port) => (port > 65_535 ? undefined : portIfFree(port))));
    if (found.every((port) => port !== undefined)) return base!;
  }
}

export function portIfFree(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
