/** The options of `synod sim`, read into what the simulator takes; every wrong word is told with the right ones. */
import {
  FAULT_KINDS,
  type FaultKind,
  MUTANTS,
  type Mutant,
  type ProtocolUnderTest,
  paxosUnderTest,
  raftUnderTest,
  type TimingModel,
} from '@synod/simulator';
import { closestWord } from '../config/closest-word.ts';

/** As the command line gives them. */
export interface SimWords {
  readonly protocol: string;
  readonly members?: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly minutes?: string;
  readonly faults: string;
  readonly keep?: string;
  readonly timing?: string;
  readonly mutant?: string;
  readonly mutants?: boolean;
  readonly connectivity?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

export interface SimPlan {
  readonly protocol: ProtocolUnderTest;
  readonly members: number | undefined;
  readonly firstSeed: number;
  /** Infinite: until the minutes are over. */
  readonly lastSeed: number;
  readonly minutes: number | undefined;
  readonly faults: readonly FaultKind[];
  readonly keep: readonly number[] | undefined;
  readonly timing: TimingModel | undefined;
  readonly mutant: Mutant | undefined;
  readonly allMutants: boolean;
  readonly trace: boolean;
  readonly json: boolean;
}

export class SimOptionProblem extends Error {
  override readonly name = 'SimOptionProblem';
}

const PROTOCOLS: ReadonlyMap<string, ProtocolUnderTest> = new Map([
  ['raft', raftUnderTest],
  ['paxos', paxosUnderTest],
]);
const TIMINGS: ReadonlyMap<string, TimingModel> = new Map([
  ['synchronous', 'synchronous'],
  ['partial', 'partial'],
  ['asynchronous', 'asynchronous'],
]);
const MEMBERS_MAX = 9;
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const SEEDS_DEFAULT = 100;

/** @throws SimOptionProblem */
export function readSimWords(words: SimWords): SimPlan {
  const { firstSeed, lastSeed } = seedsOf(words);
  return {
    protocol: oneOf('--protocol', words.protocol, PROTOCOLS),
    members: words.members === undefined ? undefined : whole('--members', words.members, 1, MEMBERS_MAX),
    firstSeed,
    lastSeed,
    minutes: words.minutes === undefined ? undefined : minutesOf(words.minutes),
    faults: faultsOf(words.faults),
    keep: words.keep === undefined ? undefined : keepOf(words.keep),
    timing: words.timing === undefined ? undefined : oneOf('--timing', words.timing, TIMINGS),
    mutant:
      words.mutant === undefined
        ? undefined
        : oneOf('--mutant', words.mutant, new Map(MUTANTS.map((mutant) => [mutant.name, mutant]))),
    allMutants: words.mutants === true,
    trace: words.trace === true,
    json: words.json === true,
  };
}

function seedsOf({ seed, seeds, minutes }: SimWords): { firstSeed: number; lastSeed: number } {
  if (seed !== undefined) {
    const only = whole('--seed', seed, 0, SEED_MAX);
    return { firstSeed: only, lastSeed: only };
  }
  if (seeds === undefined)
    return { firstSeed: 1, lastSeed: minutes === undefined ? SEEDS_DEFAULT : SEED_MAX };
  const [first, last, ...rest] = seeds.split('..');
  if (last === undefined || rest.length > 0)
    throw new SimOptionProblem(`--seeds is FIRST..LAST, as in 1..2000, not ${seeds}`);
  const firstSeed = whole('--seeds', first!, 0, SEED_MAX);
  return { firstSeed, lastSeed: whole('--seeds', last, firstSeed, SEED_MAX) };
}

function faultsOf(text: string): readonly FaultKind[] {
  if (text === 'swarm') return FAULT_KINDS;
  if (text === 'none') return [];
  const known = new Map(FAULT_KINDS.map((kind) => [kind as string, kind]));
  return text.split(',').map((word) => oneOf('--faults', word.trim(), known, ['swarm', 'none']));
}

/** Numbers of faults in the schedule, or "none". */
function keepOf(text: string): readonly number[] {
  if (text === 'none') return [];
  return text.split(',').map((word) => whole('--keep', word.trim(), 1, SEED_MAX));
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0)) throw new SimOptionProblem(`--minutes is a number above 0, not ${text}`);
  return minutes;
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const bound = max === SEED_MAX ? `from ${min} on` : `from ${min} to ${max}`;
  throw new SimOptionProblem(`${option} is a whole number ${bound}, not ${text}`);
}

function oneOf<Value>(
  option: string,
  word: string,
  known: ReadonlyMap<string, Value>,
  more: readonly string[] = [],
): Value {
  const value = known.get(word);
  if (value !== undefined) return value;
  const words = [...known.keys(), ...more];
  const close = closestWord(word, words);
  const hint = close === undefined ? '' : ` Did you mean ${close}?`;
  throw new SimOptionProblem(`${option} does not know ${word}.${hint} It knows: ${words.join(', ')}`);
}
