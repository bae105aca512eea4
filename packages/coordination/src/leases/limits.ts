/** The limits and intervals of leases, each with what happens there. */

/** The longest TTL that may be granted, about 285 years; past it: `leaseTtlTooLarge`. */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000;

/** How often what is left of a long lease is told through the log. A shorter lease is never checkpointed. */
export const LEASE_CHECKPOINT_INTERVAL_MS = 5 * 60 * 1000;

/** Leases in one checkpoint command; the rest goes into the next. */
export const LEASES_A_CHECKPOINT_MAX = 1_000;

/** An expiry that the log refused is tried again after so long. */
export const LEASE_EXPIRY_RETRY_MS = 3_000;
