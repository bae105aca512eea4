/** What a member does on its own at every tick: commit the state, and take away what compaction let go of. */
import type { Clock } from '@synod/consensus';
import type { Backend } from '../backend/backend.ts';
import type { CoordinationMachine } from '../machine/machine.ts';
import type { MemberMeasurements } from '../service/member-measurements.ts';
import { SWEEP_HELD_AT_COMMITS } from './limits.ts';
import type { MemberPaces } from './paces.ts';

export interface UpkeepParts {
  readonly machine: Pick<
    CoordinationMachine,
    'appliedIndex' | 'atRest' | 'durableIndex' | 'persist' | 'sweep' | 'tally'
  >;
  readonly backend: Pick<Backend, 'pendingRows'>;
  readonly clock: Clock;
  readonly paces: Pick<MemberPaces, 'commitRows' | 'commitIntervalMs' | 'sweepRowsATurn'>;
  /** A commit failed: the member cannot go on. */
  readonly failed: (error: Error) => void;
  readonly measurements: Pick<MemberMeasurements, 'compactionStep' | 'compacted'>;
}

export class Upkeep {
  private readonly parts: UpkeepParts;
  private committing = false;
  private lastCommitMs: number;
  private sweeping = false;
  /** The sweep under way waits for the disk. */
  private isSweepHeld = false;
  /** When the first step of the sweep under way began. */
  private sweepStartedMs = 0;
  /** Who waits until nothing is left that compaction let go of. */
  private reclaiming: (() => void)[] = [];
  private stopped = false;

  constructor(parts: UpkeepParts) {
    this.parts = parts;
    this.lastCommitMs = parts.clock.nowMs();
  }

  tick(): void {
    this.beginSweep();
    const { machine, backend, clock, paces } = this.parts;
    // What a sweep took away is no entry, and its space is free only once it is committed.
    const hasWork = machine.appliedIndex !== machine.durableIndex || backend.pendingRows > 0;
    if (this.committing || !hasWork) return;
    if (backend.pendingRows < paces.commitRows && clock.nowMs() - this.lastCommitMs < paces.commitIntervalMs)
      return;
    this.commit(() => {});
  }

  /**
   * Takes away now what compactions so far let go of, and commits that. `done` is called once it is durable; after a commit
   * that failed, or `stop`, never.
   */
  reclaim(done: () => void): void {
    this.reclaiming.push(done);
    this.beginSweep();
    this.commitReclaimed();
  }

  stop(): void {
    this.stopped = true;
  }

  private beginSweep(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    this.sweepStartedMs = this.parts.clock.nowMs();
    this.parts.machine.atRest(() => this.sweep());
  }

  private sweep(): void {
    const { machine, backend, clock, paces, measurements } = this.parts;
    const startedMs = clock.nowMs();
    const { compactions } = machine.tally;
    this.sweeping = !this.stopped && machine.sweep(paces.sweepRowsATurn);
    const isCompacted = machine.tally.compactions > compactions;
    // Most often there was nothing to do.
    if (this.sweeping || isCompacted) {
      const endedMs = clock.nowMs();
      measurements.compactionStep(endedMs - startedMs);
      if (isCompacted) measurements.compacted(endedMs - this.sweepStartedMs);
      if (isCompacted) this.sweepStartedMs = endedMs;
    }
    this.isSweepHeld = this.sweeping && backend.pendingRows >= SWEEP_HELD_AT_COMMITS * paces.commitRows;
    if (this.isSweepHeld) return;
    if (this.sweeping) this.sweepLater();
    else this.commitReclaimed();
  }

  private sweepLater(): void {
    const { machine, clock } = this.parts;
    clock.defer(() => machine.atRest(() => this.sweep()));
  }

  private commitReclaimed(): void {
    if (this.reclaiming.length === 0 || this.sweeping || this.committing || this.stopped) return;
    const waiting = this.reclaiming;
    this.reclaiming = [];
    this.commit(() => {
      for (const done of waiting) done();
    });
  }

  private commit(done: () => void): void {
    const { machine, clock, failed } = this.parts;
    this.committing = true;
    machine.persist((error) => {
      this.committing = false;
      this.lastCommitMs = clock.nowMs();
      if (error === undefined) done();
      else failed(error);
      if (this.isSweepHeld) {
        this.isSweepHeld = false;
        this.sweepLater();
      }
      this.commitReclaimed();
    });
  }
}
