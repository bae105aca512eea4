/** How much a member does at a time of what is not a request: so much that it keeps up, so little that nobody waits for it. */
import { LEASE_CHECKPOINT_INTERVAL_MS } from '../leases/limits.ts';
import { LEASE_EXPIRIES_A_TICK, WATCH_CATCH_UP_ROWS_A_TURN } from '../service/limits.ts';
import { WATCH_LIMITS, type WatchLimits } from '../watches/limits.ts';
import { COMMIT_INTERVAL_MS, COMMIT_ROWS, SWEEP_ROWS_A_TURN } from './limits.ts';

export interface MemberPaces {
  readonly watchLimits: WatchLimits;
  readonly catchUpRowsATurn: number;
  readonly leaseExpiriesATick: number;
  readonly leaseCheckpointIntervalMs: number;
  readonly sweepRowsATurn: number;
  readonly commitRows: number;
  readonly commitIntervalMs: number;
}

export const SHIPPED_PACES: MemberPaces = {
  watchLimits: WATCH_LIMITS,
  catchUpRowsATurn: WATCH_CATCH_UP_ROWS_A_TURN,
  leaseExpiriesATick: LEASE_EXPIRIES_A_TICK,
  leaseCheckpointIntervalMs: LEASE_CHECKPOINT_INTERVAL_MS,
  sweepRowsATurn: SWEEP_ROWS_A_TURN,
  commitRows: COMMIT_ROWS,
  commitIntervalMs: COMMIT_INTERVAL_MS,
};
