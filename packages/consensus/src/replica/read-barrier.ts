/**
 * Linearizable reads: all of one turn share a token; confirmed ones wait until the state machine has caught up;
 * failed or unanswered ones are asked again, under a new token (pitfall 20), until they are too old.
 */
import { READ_ELECTION_TIMEOUTS_MAX, WAITING_READS_MAX } from './limits.ts';
import type { ReadBarrierFailure, ReplicaActivity } from './replica-api.ts';

type Done = (failure: ReadBarrierFailure | undefined) => void;

interface Batch {
  readonly callbacks: Done[];
  /** Ticks since the first of them came. */
  ageTicks: number;
  /** Ticks since a core was asked last. */
  askedTicksAgo: number;
  /** Counted as failed, or as slow, already. Monotonic. */
  hasFailed: boolean;
  isSlow: boolean;
}

export class ReadBarrier {
  private readonly electionTimeoutTicks: number;
  /** Rises with every question and is never used again in this life. */
  private nextToken = 1;
  /** Reads of this turn. */
  private gathering: Batch | undefined;
  /** Batches to ask about again. */
  private unasked: Batch[] = [];
  /** Asked, by token. */
  private readonly asked = new Map<number, Batch>();
  /** Confirmed, waiting for the state to reach their index. */
  private confirmed: { readonly index: number; readonly batch: Batch }[] = [];
  /** Callbacks in all of the above. */
  private count = 0;
  /** Batches that a core could not confirm when it was asked about them. Rises. */
  private failedCount = 0;
  /** Batches that had no answer for an election timeout, or none at all. Rises. */
  private slowCount = 0;

  constructor(electionTimeoutTicks: number) {
    this.electionTimeoutTicks = electionTimeoutTicks;
  }

  get counts(): Pick<ReplicaActivity, 'readRoundsFailed' | 'readRoundsSlow'> {
    return { readRoundsFailed: this.failedCount, readRoundsSlow: this.slowCount };
  }

  add(done: Done): void {
    if (this.count >= WAITING_READS_MAX) {
      done('tooManyReads');
      return;
    }
    this.count++;
    this.gathering ??= { callbacks: [], ageTicks: 0, askedTicksAgo: 0, hasFailed: false, isSlow: false };
    this.gathering.callbacks.push(done);
  }

  /** Asks one question for each batch that waits for one. */
  ask(question: (token: number) => void): void {
    const batches = this.unasked;
    this.unasked = [];
    if (this.gathering !== undefined) batches.push(this.gathering);
    this.gathering = undefined;
    for (const batch of batches) {
      const token = this.nextToken++;
      batch.askedTicksAgo = 0;
      this.asked.set(token, batch);
      question(token);
    }
  }

  readable(tokens: readonly number[], index: number, appliedIndex: number): void {
    for (const token of tokens) {
      const batch = this.asked.get(token);
      // Asked again since: the later answer counts.
      if (batch === undefined) continue;
      this.asked.delete(token);
      this.confirmed.push({ index, batch });
    }
    this.applied(appliedIndex);
  }

  failed(tokens: readonly number[]): void {
    for (const token of tokens) {
      const batch = this.asked.get(token);
      if (batch === undefined) continue;
      this.asked.delete(token);
      this.unasked.push(batch);
      if (!batch.hasFailed) this.failedCount++;
      batch.hasFailed = true;
    }
  }

  applied(appliedIndex: number): void {
    if (this.confirmed.length === 0) return;
    const ready = this.confirmed.filter(({ index }) => index <= appliedIndex);
    if (ready.length === 0) return;
    this.confirmed = this.confirmed.filter(({ index }) => index > appliedIndex);
    for (const { batch } of ready) this.end(batch, undefined);
  }

  /** `hasLeader` chooses the words for those that are given up. */
  tick(hasLeader: boolean): void {
    const ageMax = READ_ELECTION_TIMEOUTS_MAX * this.electionTimeoutTicks;
    const failure: ReadBarrierFailure = hasLeader ? 'timeout' : 'noLeader';
    for (const [token, batch] of this.asked) {
      batch.ageTicks++;
      batch.askedTicksAgo++;
      if (batch.ageTicks > ageMax) {
        this.asked.delete(token);
        this.giveUp(batch, failure);
      } else if (batch.askedTicksAgo > this.electionTimeoutTicks) {
        this.asked.delete(token);
        this.unasked.push(batch);
        this.noteSlow(batch);
      }
    }
    this.unasked = this.unasked.filter((batch) => !this.tooOld(batch, ageMax, failure));
    this.confirmed = this.confirmed.filter(({ batch }) => !this.tooOld(batch, ageMax, failure));
  }

  /** Ends them all. */
  stop(): void {
    const batches = [...this.unasked, ...this.asked.values(), ...this.confirmed.map(({ batch }) => batch)];
    if (this.gathering !== undefined) batches.push(this.gathering);
    this.gathering = undefined;
    this.unasked = [];
    this.asked.clear();
    this.confirmed = [];
    for (const batch of batches) this.end(batch, 'stopped');
  }

  private tooOld(batch: Batch, ageMax: number, failure: ReadBarrierFailure): boolean {
    batch.ageTicks++;
    if (batch.ageTicks <= ageMax) return false;
    this.giveUp(batch, failure);
    return true;
  }

  private giveUp(batch: Batch, failure: ReadBarrierFailure): void {
    this.noteSlow(batch);
    this.end(batch, failure);
  }

  private noteSlow(batch: Batch): void {
    if (!batch.isSlow) this.slowCount++;
    batch.isSlow = true;
  }

  private end(batch: Batch, failure: ReadBarrierFailure | undefined): void {
    this.count -= batch.callbacks.length;
    for (const done of batch.callbacks) done(failure);
  }
}
