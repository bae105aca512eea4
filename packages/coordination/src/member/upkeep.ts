/** What a member does on its own at every tick: commit the state, and take away what compaction let go of. */
import { COMMIT_INTERVAL_MS, COMMIT_ROWS, SWEEP_ROWS_A_TURN } from './limits.ts';

export interface UpkeepParts {
  readonly machine: {
    readonly appliedIndex: number;
    readonly durableIndex: number;
    persist(done: (error: Error | undefined) => void): void;
    sweep(rowsMax: number): boolean;
  };
  readonly pendingRows: () => number;
  readonly nowMs: () => number;
  readonly defer: (job: () => void) => void;
  /** A commit failed: the member cannot go on. */
  readonly failed: (error: Error) => void;
}

export class Upkeep {
  private readonly parts: UpkeepParts;
  private committing = false;
  private lastCommitMs: number;
  private sweeping = false;
  private stopped = false;

  constructor(parts: UpkeepParts) {
    this.parts = parts;
    this.lastCommitMs = parts.nowMs();
  }

  tick(): void {
    if (!this.sweeping) this.sweep();
    const { machine, pendingRows, nowMs } = this.parts;
    if (this.committing || machine.appliedIndex === machine.durableIndex) return;
    if (pendingRows() < COMMIT_ROWS && nowMs() - this.lastCommitMs < COMMIT_INTERVAL_MS) return;
    this.committing = true;
    machine.persist((error) => {
      this.committing = false;
      this.lastCommitMs = nowMs();
      if (error !== undefined) this.parts.failed(error);
    });
  }

  stop(): void {
    this.stopped = true;
  }

  private sweep(): void {
    this.sweeping = !this.stopped && this.parts.machine.sweep(SWEEP_ROWS_A_TURN);
    if (this.sweeping) this.parts.defer(() => this.sweep());
  }
}
