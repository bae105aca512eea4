/** The hub's limits, each with what happens there. */

/** Changes read from the past in one step; the hub goes on with another watcher's part before it reads more. */
export const CATCH_UP_ROWS_A_STEP = 1_000;

/** Bytes read from the past in one step, and so, but for one large revision, in one batch to a watcher. */
export const CATCH_UP_BYTES_A_STEP = 1024 * 1024;

/** Deliveries (events times watchers) gathered in one step; the step ends with the revision that passes it. */
export const CATCH_UP_DELIVERIES_A_STEP = 20_000;
