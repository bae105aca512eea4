/** The limits of the JSON gateway, each with what happens there. */

/** From so many bytes on a message takes long enough, in or out, to wait for a turn of its own. */
export const LONG_MESSAGE_BYTES = 64 * 1024;

/** Messages within messages; deeper JSON is refused. Deeper than any transaction that passes the checks. */
export const JSON_DEPTH_MAX = 400;

/**
 * Objects, lists and members of one request, counted before it is parsed; more are refused. A transaction of 5,000 operations
 * has about as many, and whatever is made of them is parsed within 100 ms: a member that parses serves nobody else.
 */
export const JSON_VALUES_MAX = 20_000;

/** Bytes as base64 are a third longer, and there are names around them. */
export const BODY_OVERHEAD_FACTOR = 4 / 3;
export const BODY_OVERHEAD_BYTES = 64 * 1024;

/** Bytes of unfinished bodies over all requests; past it a request that adds to them is refused with 429. */
export const UNFINISHED_BODY_BYTES_MAX = 256 * 1024 * 1024;

/** How long the one body of a call may take to arrive; then the request is answered 408 and its connection closed. */
export const BODY_TIMEOUT_MS = 60_000;

/** The longest deadline that a timer holds; a longer one is none. */
export const DEADLINE_MS_MAX = 2 ** 31 - 1;
