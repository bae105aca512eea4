/** What one world's clients ask for, and how often: drawn anew for each world, so that no two have the same shape. */
import type { SeededRandom } from '../random/seeded-random.ts';

export const OPERATION_KINDS = [
  'put',
  'leasedPut',
  'deleteKey',
  'deleteSpan',
  'compareAndSwap',
  'transaction',
  'read',
  'readSpan',
  'staleRead',
  'pastRead',
  'compact',
  'grant',
  'keepAlive',
  'revoke',
  'lock',
  'watch',
  'register',
  'timeToLive',
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

export interface Mix {
  readonly clients: number;
  readonly keys: number;
  /** From the end of one operation to the start of the next, at most, in milliseconds. */
  readonly thinkMaxMs: number;
  readonly valueBytesMax: number;
  /** The chance that the next operation goes to another member. */
  readonly wander: number;
  /** Sums of weights, in the order of OPERATION_KINDS. */
  readonly cumulative: readonly number[];
}

/** Weights at most; a world draws between none and these. */
const WEIGHTS: Readonly<Record<OperationKind, number>> = {
  put: 10,
  leasedPut: 4,
  deleteKey: 4,
  deleteSpan: 1,
  compareAndSwap: 6,
  transaction: 4,
  read: 10,
  readSpan: 4,
  staleRead: 3,
  pastRead: 2,
  compact: 0.7,
  grant: 3,
  keepAlive: 4,
  revoke: 1,
  lock: 2,
  watch: 3,
  register: 8,
  timeToLive: 1,
};

export function drawMix(random: SeededRandom): Mix {
  let sum = 0;
  const cumulative = OPERATION_KINDS.map((kind) => {
    const share = random.chance(0.2) ? 0 : random.next();
    sum += kind === 'put' ? WEIGHTS.put * (0.2 + share) : WEIGHTS[kind] * share;
    return sum;
  });
  return {
    clients: random.whole(2, 6),
    keys: random.whole(1, 12),
    thinkMaxMs: random.pick([200, 1_000, 1_000, 2_000, 4_000]),
    valueBytesMax: random.pick([4, 16, 16, 200, 2_000]),
    wander: random.pick([0, 0.05, 0.5]),
    cumulative,
  };
}

export function drawKind(random: SeededRandom, { cumulative }: Mix): OperationKind {
  const at = random.next() * cumulative[cumulative.length - 1]!;
  return OPERATION_KINDS[cumulative.findIndex((bound) => at < bound)]!;
}
