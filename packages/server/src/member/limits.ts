/** How long a member waits when it stops, and what its clients may send. */

/** For leadership to be handed over, for requests to be answered, for connections to end. */
export const HANDOVER_TIMEOUT_MS = 2_000;
export const DRAIN_TIMEOUT_MS = 2_000;
export const SHUTDOWN_TIMEOUT_MS = 500;

/** How often a stop looks whether what it waits for has come. */
export const STOP_POLL_MS = 10;

/**
 * What a command in our encoding may take above --max-request-bytes. The protocol holds clients to the limit in their
 * own encoding; this only keeps a faulty one from the log.
 */
export const COMMAND_OVERHEAD_BYTES = 512 * 1024;

/** A connection that speaks HTTP/1.1 and says nothing for so long is closed; one whose request is being answered is not. */
export const HTTP1_IDLE_MS = 60_000;

/** One log line a source and reason, of connections that came to nothing, in so long. */
export const REFUSAL_LOG_INTERVAL_MS = 10_000;

/** Peers that are in no list here and say where they are: beyond, the next one is refused. */
export const INTRODUCED_PEERS_MAX = 32;
