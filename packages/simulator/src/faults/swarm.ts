/**
 * Draws the faults of one world: first which kinds it has at all (a swarm: each seed its own subset, because faults hide
 * each other), then when and how hard each strikes. A timing model bounds how hard.
 */
import type { SeededRandom } from '../random/seeded-random.ts';
import { CALM_NETWORK, type NetworkConditions } from '../world/network.ts';
import type { WorldShape } from '../world/world-shape.ts';
import {
  type CutShape,
  FAULT_KINDS,
  type Fault,
  type FaultAction,
  type FaultKind,
  type Target,
} from './fault.ts';

/** Kinds that a synchronous world has: members and disks may fail, but time and messages keep their bounds. */
const SYNCHRONOUS_KINDS: ReadonlySet<FaultKind> = new Set([
  'crash',
  'crashAll',
  'failSync',
  'fullDisk',
  'rot',
  'misdirect',
  'wipe',
  'transfer',
  'membership',
]);

const CUT_SHAPES: readonly CutShape[] = [
  'isolate',
  'isolate',
  'halves',
  'deaf',
  'mute',
  'bridge',
  'star',
  'chain',
  'graph',
];

/** How far a clock may run fast or slow: what leases are promised to survive. */
export const CLOCK_DRIFT_MAX = 0.05;

export function drawFaults(
  random: SeededRandom,
  shape: WorldShape,
  allowed: readonly FaultKind[],
): readonly Fault[] {
  const possible = FAULT_KINDS.filter(
    (kind) => allowed.includes(kind) && (shape.timing !== 'synchronous' || SYNCHRONOUS_KINDS.has(kind)),
  );
  // Drawn for every kind, so that one kind more or less changes nothing for the others.
  const chosen = FAULT_KINDS.filter(() => random.chance(0.45)).filter((kind) => possible.includes(kind));
  const meanGapMs = random.skewed(400, 6_000);
  const drawn: Fault[] = [];
  if (chosen.length === 0) return drawn;
  for (let atMs = random.between(500, 4_000); atMs < shape.faultsMs; atMs += random.between(0, 2 * meanGapMs))
    drawn.push({ number: drawn.length + 1, atMs, action: drawAction(random, shape, random.pick(chosen)) });
  return drawn;
}

function drawAction(random: SeededRandom, shape: WorldShape, kind: FaultKind): FaultAction {
  const target: Target = random.chance(0.45) ? 'leader' : random.below(shape.members);
  const electionMs = shape.tickMs * shape.electionTimeoutTicks;
  const forMs = random.skewed(50, 8 * electionMs);
  const power = random.chance(0.7) ? { survival: random.pick([0, 0, 0.5, 0.9, 1]) } : undefined;
  switch (kind) {
    case 'crash':
      return { kind, target, power, downMs: random.skewed(10, 6 * electionMs) };
    case 'crashAll':
      return { kind, power, downMs: random.skewed(10, 2 * electionMs) };
    case 'pause':
      return { kind, target, forMs: random.skewed(20, 5 * electionMs) };
    case 'slow':
      return { kind, target, forMs, pauseMs: random.between(5, 400) };
    case 'cut':
      return { kind, target, shape: random.pick(CUT_SHAPES), bits: random.below(2 ** 30), forMs };
    case 'clog':
      return { kind, from: random.below(shape.members), to: random.below(shape.members), forMs };
    case 'network':
      return { kind, conditions: drawConditions(random, shape), forMs };
    case 'clockRate':
      return { kind, target, rate: 1 + random.between(-CLOCK_DRIFT_MAX, CLOCK_DRIFT_MAX), forMs: 4 * forMs };
    case 'clockJump':
      return { kind, target, byMs: random.skewed(1, 3 * electionMs) };
    case 'slowDisk':
      return { kind, target, factor: random.skewed(2, 1_000), forMs };
    case 'fullDisk':
      return { kind, target, forMs };
    case 'transfer':
      return { kind, to: random.below(shape.members) };
    case 'membership':
      return { kind, voterBits: random.below(2 ** 12), learnerBits: random.below(2 ** 12) };
    default:
      return { kind, target };
  }
}

function drawConditions(random: SeededRandom, shape: WorldShape): NetworkConditions {
  const sometimes = (value: number): number => (random.chance(0.5) ? value : 0);
  const delayMaxMs = random.skewed(2, shape.timing === 'asynchronous' ? 1_500 : 150);
  return {
    delayMinMs: CALM_NETWORK.delayMinMs,
    delayMaxMs,
    lateProbability: sometimes(random.skewed(0, 0.2)),
    lateMaxMs: random.between(delayMaxMs, shape.timing === 'asynchronous' ? 20_000 : 2_000),
    lossProbability: sometimes(random.skewed(0, 0.4)),
    duplicateProbability: sometimes(random.skewed(0, 0.3)),
    reorderProbability: sometimes(random.next()),
    replayProbability: sometimes(random.skewed(0, 0.2)),
  };
}
