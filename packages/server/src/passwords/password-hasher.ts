/**
 * Hashes passwords and compares them with their hashes in worker threads: either takes tens of milliseconds of a
 * processor, in which the main loop could send no heartbeat. Threads are started when they are first needed.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { PASSWORD_WORKERS_MAX, PASSWORDS_WAITING_MAX } from './limits.ts';

/** What a worker is asked; it answers with the hash, or with whether the password is the one. */
export type PasswordTask =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: number }
  | { readonly kind: 'compare'; readonly password: string; readonly hash: string };

type TaskAnswer = string | boolean;

/** `undefined`: too many wait, or the work failed; nothing is known of the password. */
export type Done<Answer> = (answer: Answer | undefined) => void;

interface WaitingTask {
  readonly task: PasswordTask;
  readonly done: Done<TaskAnswer>;
}

export interface PasswordHasherOptions {
  /** The logarithm of the rounds: each step doubles the work. */
  readonly cost: number;
  readonly workersMax?: number;
  readonly waitingMax?: number;
}

export class PasswordHasher {
  private readonly cost: number;
  private readonly workersMax: number;
  private readonly waitingMax: number;
  private readonly idle: Worker[] = [];
  /** What each worker is at. */
  private readonly busy = new Map<Worker, WaitingTask>();
  /** Oldest first. */
  private readonly waiting: WaitingTask[] = [];
  private stopped = false;

  constructor(options: PasswordHasherOptions) {
    this.cost = options.cost;
    this.workersMax =
      options.workersMax ?? Math.max(1, Math.min(PASSWORD_WORKERS_MAX, availableParallelism() - 1));
    this.waitingMax = options.waitingMax ?? PASSWORDS_WAITING_MAX;
  }

  hash(password: string, done: Done<string>): void {
    this.put({ kind: 'hash', password, cost: this.cost }, (answer) =>
      done(typeof answer === 'string' ? answer : undefined),
    );
  }

  /**
   * Whether it is the password. Without a hash it is not, which takes as long to find out: the time must not tell who
   * has an account.
   */
  matches(password: string, hash: string | undefined, done: Done<boolean>): void {
    this.put({ kind: 'compare', password, hash: hash ?? hashOfNobody(this.cost) }, (answer) =>
      done(typeof answer === 'boolean' ? answer && hash !== undefined : undefined),
    );
  }

  /** Whatever still waits comes to nothing. */
  async stop(): Promise<void> {
    this.stopped = true;
    const workers = [...this.idle.splice(0), ...this.busy.keys()];
    const open = [...this.busy.values(), ...this.waiting.splice(0)];
    this.busy.clear();
    for (const { done } of open) done(undefined);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  private put(task: PasswordTask, done: Done<TaskAnswer>): void {
    if (this.stopped || this.waiting.length >= this.waitingMax) {
      done(undefined);
      return;
    }
    this.waiting.push({ task, done });
    this.assign();
  }

  private assign(): void {
    while (this.waiting.length > 0) {
      const worker = this.idle.pop() ?? this.startWorker();
      if (worker === undefined) return;
      const next = this.waiting.shift()!;
      this.busy.set(worker, next);
      worker.postMessage(next.task);
    }
  }

  private startWorker(): Worker | undefined {
    if (this.busy.size >= this.workersMax) return undefined;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./password-worker.${extension}`, import.meta.url));
    // The process may end while a worker waits for work; what it is at is waited for by a client's connection.
    worker.unref();
    worker.on('message', (answer: TaskAnswer) => this.answered(worker, answer));
    worker.on('error', () => this.answered(worker, undefined));
    return worker;
  }

  private answered(worker: Worker, answer: TaskAnswer | undefined): void {
    const current = this.busy.get(worker);
    this.busy.delete(worker);
    // After an error a worker is no more; the next task starts another.
    if (answer !== undefined && !this.stopped) this.idle.push(worker);
    current?.done(answer);
    this.assign();
  }
}

/** A well-formed hash that no password has, with the salt and the sum of all zeros. */
function hashOfNobody(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
}
