/** The bench's fixed numbers, each with what it is for. */

/** Keys that exist before the first measurement; puts overwrite them and ranges read them, both at random. */
export const KEY_COUNT = 10_000;
/** Connections are shared by clients, as many clients of one application share a channel; spread over all members. */
export const CONNECTIONS_MAX = 30;
/** Requests in flight while the keys are first written. */
export const PRELOAD_IN_FLIGHT = 64;
/** A client whose request failed waits so long, so that a failing server is not flooded. */
export const ERROR_BACKOFF_MS = 10;
/** From the end of a measurement until its last answers must be here. */
export const DRAIN_TIMEOUT_MS = 15_000;
/** How often the progress line moves. */
export const PROGRESS_INTERVAL_MS = 250;
/** Distinct error texts that a result keeps. */
export const ERROR_TEXTS_MAX = 5;
