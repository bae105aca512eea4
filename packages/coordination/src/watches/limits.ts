/** The hub's limits, each with what happens there. */

export interface WatchLimits {
  /** Changes read from the past in one step; then it is another stream's turn. */
  readonly rowsAStepMax: number;
  /** Bytes read from the past in one step, and so, but for one large revision, in one batch to a watcher. */
  readonly bytesAStepMax: number;
  /** Deliveries (events times watchers) in one step; it ends, and the turn, with the revision that reaches so many. */
  readonly deliveriesAStepMax: number;
  /** A revision of more changes is large: it is read over many steps, and told once it was read. */
  readonly changesAtOnceMax: number;
  /** Watchers that one reading of a large revision is for; the rest wait for its next reading. */
  readonly watchersAReadingMax: number;
  /** Events that one reading holds over all its lists; past it those who joined it last wait for the next reading. */
  readonly eventsHeldMax: number;
}

export const WATCH_LIMITS: WatchLimits = {
  rowsAStepMax: 1_000,
  bytesAStepMax: 1024 * 1024,
  deliveriesAStepMax: 20_000,
  // As many as a transaction may have where no flag says otherwise: what is larger deletes a range, or ends a lease.
  changesAtOnceMax: 128,
  watchersAReadingMax: 5_000,
  eventsHeldMax: 2_000_000,
};

/** What a step that did enough for a turn counts for: more rows than any turn has. */
export const TURN_IS_OVER = Number.POSITIVE_INFINITY;
