/** The hub's limits, each with what happens there. */

export interface WatchLimits {
  /** Changes read from the past in one step; then it is another stream's turn. */
  readonly rowsAStepMax: number;
  /** Bytes read from the past in one step, and so, but for one large revision, in one batch to a watcher. */
  readonly bytesAStepMax: number;
  /** Deliveries (events times watchers) in one step; it ends, and the turn, with the revision that reaches so many. */
  readonly deliveriesAStepMax: number;
}

export const WATCH_LIMITS: WatchLimits = {
  rowsAStepMax: 1_000,
  bytesAStepMax: 1024 * 1024,
  deliveriesAStepMax: 20_000,
};
