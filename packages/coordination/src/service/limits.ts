/** The service layer's limits, each with what happens there. */

/** Questions to other members that wait for an answer; past it: `tooManyRequests`. */
export const PEER_CALLS_MAX = 50_000;

/** Rows of history that watchers who catch up may read in one turn of the event loop. */
export const WATCH_CATCH_UP_ROWS_A_TURN = 2_000;

/** Leases revoked, at most, in one tick: a burst of expiries must not crowd out the clients. */
export const LEASE_EXPIRIES_A_TICK = 500;

/**
 * Bytes that clients may have waiting in the log's queue at one member. Past it: `tooManyRequests`, which clients
 * take as a reason to wait.
 */
export const PENDING_COMMAND_BYTES_MAX = 128 * 1024 * 1024;

/** Rows that one hash of the keyspace reads in one turn of the event loop: about a millisecond. */
export const HASH_ROWS_A_TURN = 500;

/** Hashes that a member works on at one time; past it: `tooManyRequests`. */
export const HASHES_AT_ONCE_MAX = 8;

/** Another member's hash of a large keyspace is waited for so long; past it that member is left out of the comparison. */
export const HASH_ANSWER_MAX_MS = 60_000;

/** Hashes of compactions that a member keeps; past it the oldest is forgotten. As etcd has it. */
export const COMPACTION_HASHES_MAX = 10;

/** Backups that a member gives at one time; past it: `tooManyRequests`. */
export const BACKUPS_AT_ONCE_MAX = 2;

/** Simple tokens that a member remembers; past it the one that was not used for longest is forgotten. */
export const SIMPLE_TOKENS_MAX = 100_000;

/**
 * Below this share of its quota a store is not full: an alarm that its member raised is cleared there, so far below that a
 * few writes do not raise it again at once; and a command that is too large even so is refused without an alarm.
 */
export const FULL_STORE_SHARE = 0.8;
