/** The sizes and times of one world, drawn from its seed: small enough that every window fills and every limit is met. */
import {
  APPLY_LIMITS,
  type ApplyLimits,
  type CorruptionCheckPlan,
  type MemberPaces,
  NO_CORRUPTION_CHECKS,
  WATCH_LIMITS,
} from '@synod/coordination';
import type { SeededRandom } from '../random/seeded-random.ts';

export type TimingModel = 'synchronous' | 'partial' | 'asynchronous';

export interface WorldShape {
  readonly members: number;
  readonly timing: TimingModel;
  readonly tickMs: number;
  readonly electionTimeoutTicks: number;
  readonly segmentBytes: number;
  /** Whether a protocol's windows and messages are so small that they fill; else they are production's. */
  readonly hasTightLimits: boolean;
  readonly trimming: {
    readonly snapshotCount: number;
    readonly catchUpEntries: number;
    readonly logBytesMax: number;
  };
  readonly paces: MemberPaces;
  readonly applyLimits: ApplyLimits;
  /** A commit of more rows is no one step. */
  readonly commitRowsMax: number;
  /** How long a turn takes that applies a part of an entry, in true milliseconds. */
  readonly entryTurnMs: number;
  /** None as it is drawn: what they ask each other would be in every trace. */
  readonly corruptionChecks: CorruptionCheckPlan;
  /** Whether the world goes on until the last lease has ended. */
  readonly outlivesLeases: boolean;
  /** How long faults happen, in true milliseconds. */
  readonly faultsMs: number;
}

export interface ShapeOptions {
  /** Undefined: the seed chooses. */
  readonly members: number | undefined;
  readonly timing: TimingModel | undefined;
}

const MEMBER_COUNTS = [3, 3, 3, 3, 5, 5, 1, 2, 4, 7] as const;

export function drawShape(random: SeededRandom, options: ShapeOptions): WorldShape {
  const members = random.pick(MEMBER_COUNTS);
  const timing = random.pick(['partial', 'partial', 'partial', 'synchronous', 'asynchronous'] as const);
  const shape: WorldShape = {
    members: options.members ?? members,
    timing: options.timing ?? timing,
    tickMs: 100,
    electionTimeoutTicks: 10,
    segmentBytes: random.pick([4096, 8192, 16384]),
    hasTightLimits: true,
    trimming: {
      snapshotCount: random.whole(10, 200),
      catchUpEntries: random.pick([0, 5, 20, 100]),
      logBytesMax: random.pick([4_000, 20_000, 1_000_000]),
    },
    faultsMs: Math.round(random.skewed(15_000, 90_000)),
    paces: {
      watchLimits: WATCH_LIMITS,
      catchUpRowsATurn: random.pick([2, 20, 200]),
      leaseCheckpointIntervalMs: random.pick([1_000, 4_000, 300_000, 300_000]),
      leaseExpiriesATick: random.pick([1, 100]),
      sweepRowsATurn: random.pick([5, 100]),
      commitRows: random.pick([20, 5_000]),
      commitIntervalMs: random.pick([500, 1_000, 4_000]),
    },
    corruptionChecks: NO_CORRUPTION_CHECKS,
    outlivesLeases: random.chance(0.2),
    applyLimits: { ...APPLY_LIMITS, keysATurn: random.pick([1, 1, 3, APPLY_LIMITS.keysATurn]) },
    entryTurnMs: random.pick([0, 1, 20]),
    commitRowsMax: random.pick([1, 30, Number.POSITIVE_INFINITY]),
  };
  // Drawn last: what was drawn before stays what it was.
  const changesAtOnceMax = random.pick([1, 1, 2, WATCH_LIMITS.changesAtOnceMax]);
  const watchersAReadingMax = random.pick([1, 2, WATCH_LIMITS.watchersAReadingMax]);
  const watchLimits = { ...WATCH_LIMITS, changesAtOnceMax, watchersAReadingMax };
  return { ...shape, paces: { ...shape.paces, watchLimits } };
}
