/** Every limit of the etcd protocol, and the values etcd has for those that a flag can change. */

/** `--max-txn-ops`: operations a transaction, counted by branch. */
export const TRANSACTION_OPERATIONS_MAX = 128;

/**
 * Operations and compares of a transaction with all its inner ones. etcd counts each branch alone, so that a tree of
 * them may hold hundreds of thousands; one such would stall every client of a member.
 */
export const TRANSACTION_OPERATIONS_TOTAL_MAX = 10_000;

/**
 * What a request grows by in the proposal that etcd measures: the proposal's number, the request's tag and length.
 * Measured on etcd 3.4 at its limit.
 */
export const PROPOSAL_OVERHEAD_BYTES = 17;

/**
 * Transactions within transactions. Each level takes one operation from what its inner ones may hold, so with etcd's
 * own limit none goes deeper than this; it also keeps the decoder's recursion small.
 */
export const TRANSACTION_DEPTH_MAX = 129;

/** `--experimental-watch-progress-notify-interval`: between bookmarks of a silent watch that asked for them. */
export const PROGRESS_INTERVAL_MS = 600_000;

/**
 * Events, or bytes where there are several events, of a watch's answer that is made at once; what is more is made in
 * pieces, as fast as its client takes them, between which the member serves others.
 */
export const WATCH_EVENTS_AT_ONCE_MAX = 1_000;
export const WATCH_BYTES_AT_ONCE_MAX = 1024 * 1024;

/** Of such a piece: events measured, and bytes written beside one event. */
export const WATCH_PIECE_EVENTS_MEASURED_MAX = 5_000;
export const WATCH_PIECE_BYTES_MAX = 64 * 1024;

/** Bytes of answers to a watch stream's requests that wait behind a long answer; beyond, the stream is refused. */
export const WATCH_ANSWERS_WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** Requests of one keep-alive stream that wait for an answer; beyond, the stream is refused. */
export const KEEP_ALIVES_WAITING_MAX = 4096;

/** Watches on one stream. */
export const WATCHES_PER_STREAM_MAX = 100_000;

/** Messages of a stream that wait while its caller is made out; beyond, the stream is refused. */
export const MESSAGES_BEFORE_IDENTITY_MAX = 1024;

/** Times that a password is compared where accounts change meanwhile. */
export const AUTHENTICATION_TRIES_MAX = 8;

/** Ids tried for a lease whose id the member chooses before it gives up. */
export const LEASE_ID_TRIES_MAX = 8;

/** What a lock or an election gives a client that brings no lease of its own; etcd's sessions have the same. */
export const SESSION_TTL_SECONDS = 60;

/** Of the first piece of a range that may be long: it is read at once, and often it is all there is. */
export const RANGE_FIRST_PIECE_RECORDS_MAX = 200;

/**
 * Of a piece of a streamed range, or of one that is gathered piece by piece: records, and keys looked at, deleted ones among them. Its bytes are bounded by
 * `--max-request-bytes` and one record.
 */
export const RANGE_PIECE_RECORDS_MAX = 1_000;
export const RANGE_PIECE_KEYS_MAX = 5_000;

/** Keys of a lease, or leases, of a piece of an answer that is written in pieces. */
export const LEASE_PIECE_ITEMS = 2_000;

/**
 * After each piece of a backup the others have the member's time for so many times as long as the piece took, and for so long
 * at least: a backup is never urgent, and they are.
 */
export const BACKUP_REST_FACTOR = 8;
export const BACKUP_REST_MS_MIN = 6;
