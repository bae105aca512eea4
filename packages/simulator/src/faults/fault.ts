/**
 * Everything that can go wrong, as data: a schedule of faults can be printed, cut down and replayed. Whom a fault hits is
 * a place, or whoever leads at that moment.
 */
import type { NetworkConditions } from '../world/network.ts';

export type Target = number | 'leader';

export type CutShape =
  /** The target hears and is heard by nobody. */
  | 'isolate'
  /** Everybody before the target's place from everybody else. */
  | 'halves'
  /** The target is heard but hears nothing, or the other way round. */
  | 'deaf'
  | 'mute'
  /** Two halves that meet in the target alone. */
  | 'bridge'
  /** All talk to the target and to nobody else. */
  | 'star'
  /** Each talks to its neighbours only. */
  | 'chain'
  /** Any directed graph: link i of all of them is cut if bit i says so. */
  | 'graph';

export type FaultAction =
  | {
      readonly kind: 'crash';
      readonly target: Target;
      readonly power: PowerCut | undefined;
      readonly downMs: number;
    }
  | { readonly kind: 'crashAll'; readonly power: PowerCut | undefined; readonly downMs: number }
  | { readonly kind: 'pause'; readonly target: Target; readonly forMs: number }
  /** Many short pauses. */
  | { readonly kind: 'slow'; readonly target: Target; readonly forMs: number; readonly pauseMs: number }
  | {
      readonly kind: 'cut';
      readonly shape: CutShape;
      readonly target: Target;
      readonly bits: number;
      readonly forMs: number;
    }
  | { readonly kind: 'clog'; readonly from: number; readonly to: number; readonly forMs: number }
  | { readonly kind: 'network'; readonly conditions: NetworkConditions; readonly forMs: number }
  | { readonly kind: 'clockRate'; readonly target: Target; readonly rate: number; readonly forMs: number }
  | { readonly kind: 'clockJump'; readonly target: Target; readonly byMs: number }
  | { readonly kind: 'slowDisk'; readonly target: Target; readonly factor: number; readonly forMs: number }
  | { readonly kind: 'failSync'; readonly target: Target }
  | { readonly kind: 'fullDisk'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'rot'; readonly target: Target }
  | { readonly kind: 'misdirect'; readonly target: Target }
  | { readonly kind: 'wipe'; readonly target: Target }
  | { readonly kind: 'transfer'; readonly to: number }
  /** Bit i: whether the member at place i votes; learners likewise. */
  | { readonly kind: 'membership'; readonly voterBits: number; readonly learnerBits: number };

export interface PowerCut {
  /** The chance of each unsynced sector to be there after all. */
  readonly survival: number;
}

export type FaultKind = FaultAction['kind'];

export const FAULT_KINDS: readonly FaultKind[] = [
  'crash',
  'crashAll',
  'pause',
  'slow',
  'cut',
  'clog',
  'network',
  'clockRate',
  'clockJump',
  'slowDisk',
  'failSync',
  'fullDisk',
  'rot',
  'misdirect',
  'wipe',
  'transfer',
  'membership',
];

export interface Fault {
  /** Its number in the schedule that the seed draws: the name by which shrinking and replays keep it. */
  readonly number: number;
  readonly atMs: number;
  readonly action: FaultAction;
}

/** One line for whoever reads a failing schedule. */
export function describeFault({ number, atMs, action }: Fault): string {
  const { kind, ...facts } = action;
  const words = Object.entries(facts).map(([name, value]) => `${name} ${describeValue(value)}`);
  return `#${number} at ${(atMs / 1000).toFixed(3)} s: ${kind} ${words.join(', ')}`;
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'no';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(3);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .filter(([, inner]) => inner !== 0)
    .map(([name, inner]) => `${name}=${describeValue(inner)}`)
    .join(' ');
}
