/** The limits of the command line's client, each with what happens there. */

/** An answer may be as large as the server makes it; past this it is no answer of etcd's. */
export const ANSWER_BYTES_MAX = 2 ** 31 - 1;
/** The wait before the endpoints are tried again, from and to; it doubles between. */
export const RETRY_DELAY_MS_MIN = 50;
export const RETRY_DELAY_MS_MAX = 1_000;
/** Pings come no faster than this, whatever --keepalive-time says: servers close connections that ping too often. */
export const KEEPALIVE_TIME_MS_MIN = 10_000;
/** A lease is renewed when this part of its time is over. */
export const LEASE_RENEWALS_PER_TTL = 3;
/** What may arrive on a stream before the reader has taken it. */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
/** Answers of a watch that wait for their reader; past it the server is asked to wait. */
export const WATCH_ANSWERS_WAITING_MAX = 64;
