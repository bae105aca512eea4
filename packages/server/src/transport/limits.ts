/** The limits of the peers' transport, each with what happens there. */
import type { Lane } from '@synod/consensus';

/** A frame from a peer may be no longer; a longer one ends the connection. Above the largest append and the largest chunk. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes that may wait for a peer's link on account of each lane; what comes on top is dropped and counted. */
export const LANE_QUEUE_BYTES_MAX: Readonly<Record<Lane, number>> = {
  consensus: 64 * 1024 * 1024,
  forward: 32 * 1024 * 1024,
  call: 8 * 1024 * 1024,
  snapshot: 8 * 1024 * 1024,
};

/** From connecting to the other side's answer; then the try has failed. */
export const HANDSHAKE_TIMEOUT_MS = 5_000;

/** Between two tries to connect, doubled from the first to the last, with up to a quarter more by chance. */
export const RECONNECT_FIRST_MS = 50;
export const RECONNECT_LAST_MS = 1_000;

/** A link is asked for a sign of life so often, and given up without one for so long. */
export const PING_INTERVAL_MS = 1_000;
export const SILENCE_MAX_MS = 5_000;

/** Links that strangers may hold before they have said who they are. */
export const STRANGERS_MAX = 64;

/** One log line a peer and reason in so many milliseconds. */
export const REFUSAL_LOG_INTERVAL_MS = 10_000;
