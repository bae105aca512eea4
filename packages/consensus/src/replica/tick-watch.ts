/**
 * Watches how regularly a replica is ticked: a process that stood still sends no heartbeats, and must not take the silence
 * for that of others.
 */

/** So many intervals may lie between two ticks before the heartbeats that go with the second count as late; as etcd has it. */
const LATE_INTERVALS = 2;

export interface TickWatchOptions {
  /** Milliseconds that the owner means to let pass between two ticks. */
  readonly tickMs: number;
  readonly electionTimeoutTicks: number;
}

export class TickWatch {
  private readonly options: TickWatchOptions;
  private lastMs: number | undefined;
  /** Heartbeats that a leader should have sent earlier: one for each member that waited for it. Rises. */
  lateHeartbeats = 0;

  constructor(options: TickWatchOptions) {
    this.options = options;
  }

  /**
   * One tick.
   * @param followers how many wait for this replica's heartbeats; 0: it does not lead
   * @returns whether the process stood still for longer than an election timeout
   */
  ticked(nowMs: number, followers: () => number): boolean {
    const { tickMs, electionTimeoutTicks } = this.options;
    const sinceMs = this.lastMs === undefined ? 0 : nowMs - this.lastMs;
    this.lastMs = nowMs;
    if (sinceMs > LATE_INTERVALS * tickMs) this.lateHeartbeats += followers();
    return sinceMs > electionTimeoutTicks * tickMs;
  }
}
