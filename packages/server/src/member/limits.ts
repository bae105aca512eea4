/** How a member paces what it does beside its clients' requests, and how long it waits when it stops. */

/** Rows in the backend's overlay that cause a commit at the next tick. */
export const COMMIT_ROWS = 5_000;

/** A commit at the latest so long after the last, if anything was applied: bounds the replay after a crash. */
export const COMMIT_INTERVAL_MS = 1_000;

/** Rows looked at in one turn of the event loop to take away what compaction let go of. */
export const SWEEP_ROWS_A_TURN = 1_000;

/** At a stop: for leadership to be handed over, for requests to be answered, for connections to end. */
export const HANDOVER_TIMEOUT_MS = 2_000;
export const DRAIN_TIMEOUT_MS = 2_000;
export const SHUTDOWN_TIMEOUT_MS = 500;

/** How often a stop looks whether what it waits for has come. */
export const STOP_POLL_MS = 10;

/** What waits for the log or the leader is given up after this and so many election timeouts, as in etcd. */
export const REQUEST_TIMEOUT_BASE_MS = 5_000;
export const REQUEST_TIMEOUT_ELECTIONS = 2;

/**
 * What may have been lost on its way to the leader is sent again after so many election timeouts; at once when the
 * leader changes.
 */
export const REQUEST_RETRY_ELECTIONS = 1;

/**
 * What a command in our encoding may take above --max-request-bytes. The protocol holds clients to the limit in their
 * own encoding; this only keeps a faulty one from the log.
 */
export const COMMAND_OVERHEAD_BYTES = 512 * 1024;

/** A member without a leader for so long says so in its log, and again after so long as that lasts. */
export const LEADERLESS_NOTICE_MS = 5_000;
export const LEADERLESS_REPEAT_MS = 60_000;

/** A connection that speaks HTTP/1.1 and says nothing for so long is closed; one whose request is being answered is not. */
export const HTTP1_IDLE_MS = 60_000;
