/** Every size, count and pace of the replica, in one place (R19). Times are in ticks or in turns of the event loop. */

/** Payloads that wait for the end of the turn or for a leader. Beyond it `submit` says no. */
export const SUBMIT_QUEUE_BYTES_MAX = 64 * 1024 * 1024;

/** Payloads that one turn proposes, each of a member's own and of those forwarded to it: checksums and copies of more would hold it. */
export const PROPOSED_BYTES_A_TURN = 2 * 1024 * 1024;

/** Payloads that followers forwarded and that wait likewise. Beyond it they are dropped: their owners try again. */
export const RELAYED_QUEUE_BYTES_MAX = 64 * 1024 * 1024;

/** One message of forwarded payloads; a single payload may be larger. */
export const FORWARD_MESSAGE_BYTES_MAX = 1024 * 1024;

/** Forwarded bytes queued at the transport; beyond it payloads wait here. */
export const FORWARD_QUEUED_BYTES_MAX = 16 * 1024 * 1024;

/** Reads that wait at one replica. Beyond it `read` says no. */
export const WAITING_READS_MAX = 100_000;

/** A read that was not answered in this many election timeouts is given up. */
export const READ_ELECTION_TIMEOUTS_MAX = 5;

/** Entries that one turn applies, so that a long replay does not stop heartbeats. */
export const APPLY_ENTRIES_PER_TURN = 1_000;

/** Entries applied since the last persist that cause the next one. */
export const SNAPSHOT_COUNT_DEFAULT = 10_000;

/** Bytes of log in the heap that cause a persist and a trim. */
export const LOG_BYTES_DEFAULT = 64 * 1024 * 1024;

/** Entries kept behind the last durable one, so that a short lag needs no snapshot. */
export const CATCH_UP_ENTRIES_DEFAULT = 5_000;

/** The share of LOG_BYTES_DEFAULT that the kept entries may take. */
export const CATCH_UP_BYTES_SHARE = 0.5;

/** Bytes of journal segments that cause a persist and a trim, whatever the log's size in the heap. */
export const JOURNAL_BYTES_MAX = 512 * 1024 * 1024;

/** While a snapshot is on its way the log behind it is kept, up to this many times LOG_BYTES_DEFAULT. */
export const LOG_BYTES_DURING_TRANSFER_FACTOR = 4;

/** One chunk of a snapshot file on its way. */
export const SNAPSHOT_MESSAGE_BYTES = 128 * 1024;

/** Bytes sent and not yet acknowledged, for one receiver. */
export const SNAPSHOT_WINDOW_BYTES = 1024 * 1024;

/** Bytes of image written, of file verified or of file restored in one turn. */
export const SNAPSHOT_BYTES_PER_TURN = 256 * 1024;

/** Bytes handed to the disk and not yet written, at which the production of a file pauses. */
export const SNAPSHOT_WRITING_BYTES_MAX = 2 * 1024 * 1024;

/** Bytes of a snapshot file between two syncs: one sync of a large file would hold up the journal's for its length. */
export const SNAPSHOT_BYTES_PER_SYNC = 4 * 1024 * 1024;

/** A transfer without a word from the receiver for this many election timeouts is offered again. */
export const SNAPSHOT_RETRY_ELECTION_TIMEOUTS = 1;

/** A transfer without a word from the receiver for this many election timeouts has failed. */
export const SNAPSHOT_GIVE_UP_ELECTION_TIMEOUTS = 10;

/** Proposals of one member that wait for their results. */
export const PENDING_PROPOSALS_MAX = 100_000;
