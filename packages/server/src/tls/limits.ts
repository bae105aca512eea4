/** What connections may take before they have shown who they are. */

/** A handshake may take no longer, nor the questions to DNS behind it; then the connection is closed. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Handshakes of one address that may be under way; the next connection is closed. */
export const HANDSHAKES_MAX = 512;
