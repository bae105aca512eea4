/** How a member paces what it does beside its clients' requests, and how long it waits for others. */

/** Rows in the backend's overlay that cause a commit at the next tick. */
export const COMMIT_ROWS = 5_000;

/** While so many times as many wait for the disk, no more rows are swept: a commit must not grow without end. */
export const SWEEP_HELD_AT_COMMITS = 4;

/** A commit at the latest so long after the last, if anything was applied: bounds the replay after a crash. */
export const COMMIT_INTERVAL_MS = 1_000;

/** Rows looked at in one turn of the event loop to take away what compaction let go of. */
export const SWEEP_ROWS_A_TURN = 1_000;

/** What waits for the log or the leader is given up after this and so many election timeouts, as in etcd. */
export const REQUEST_TIMEOUT_BASE_MS = 5_000;
export const REQUEST_TIMEOUT_ELECTIONS = 2;

/**
 * What may have been lost on its way to the leader is sent again after so many election timeouts; at once when the
 * leader changes.
 */
export const REQUEST_RETRY_ELECTIONS = 1;

/** A member without a leader for so long says so, and again after so long as that lasts. */
export const LEADERLESS_NOTICE_MS = 5_000;
export const LEADERLESS_REPEAT_MS = 60_000;
