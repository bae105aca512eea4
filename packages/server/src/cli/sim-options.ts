/** The options of `synod sim`, read into what the simulator takes; every wrong word is told with the right ones. */
import {
  FAULT_KINDS,
  type FaultKind,
  MEASUREMENTS,
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
  /** Names of tables, or `true` for all. */
  readonly compare?: string | true;
  readonly jobs?: string;
  readonly connectivity?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

export interface SimPlan {
  /** As it was given, for commands that run the same again. */
  readonly protocol: string;
  /** One; or more, to be run side by side. */
  readonly protocols: readonly ProtocolUnderTest[];
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
  /** Tables that are to be measured; empty: none. */
  readonly tables: readonly string[];
  /** Processors to use. */
  readonly jobs: number;
  readonly trace: boolean;
  readonly json: boolean;
}

export class SimOptionProblem extends Error {
  override readonly name = 'SimOptionProblem';
}

const PROTOCOLS: ReadonlyMap<string, readonly ProtocolUnderTest[]> = new Map([
  ['raft', [raftUnderTest]],
  ['paxos', [paxosUnderTest]],
  ['both', [raftUnderTest, paxosUnderTest]],
]);
const TIMINGS: ReadonlyMap<string, TimingModel> = new Map([
  ['synchronous', 'synchronous'],
  ['partial', 'partial'],
  ['asynchronous', 'asynchronous'],
]);
const MEMBERS_MAX = 9;
const JOBS_MAX = 64;
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const SEEDS_DEFAULT = 100;

/** @throws SimOptionProblem */
export function readSimWords(words: SimWords): SimPlan {
  const { firstSeed, lastSeed } = seedsOf(words);
  const protocols = oneOf('--protocol', words.protocol, PROTOCOLS);
  const plan: SimPlan = {
    protocol: words.protocol,
    protocols,
    members: words.members === undefined ? undefined : whole('--members', words.members, 1, MEMBERS_MAX),
    firstSeed,
    lastSeed,
    minutes: words.minutes === undefined ? undefined : minutesOf(words.minutes),
    faults: faultsOf(words.faults),
    keep: words.keep === undefined ? undefined : keepOf(words.keep),
    timing: words.timing === undefined ? undefined : oneOf('--timing', words.timing, TIMINGS),
    mutant: words.mutant === undefined ? undefined : mutantOf(words.mutant, protocols),
    allMutants: words.mutants === true,
    tables: tablesOf(words.compare),
    jobs: words.jobs === undefined ? 1 : whole('--jobs', words.jobs, 1, JOBS_MAX),
    trace: words.trace === true,
    json: words.json === true,
  };
  checkTogether(words, plan);
  return plan;
}

/** Words that are right by themselves and make no sense together. */
function checkTogether(words: SimWords, { firstSeed, lastSeed, jobs }: SimPlan): void {
  const { protocol, members, seed, seeds, minutes, keep, timing, mutant, mutants, trace } = words;
  const worlds = [members, seed, seeds, minutes, keep, timing, mutant, mutants, trace];
  if (words.compare !== undefined && (protocol !== 'raft' || worlds.some((word) => word !== undefined)))
    throw new SimOptionProblem(
      '--compare measures both protocols in worlds of its own: give only --jobs and --json with it',
    );
  if (words.seed !== undefined && words.seeds !== undefined)
    throw new SimOptionProblem('--seed and --seeds exclude each other: give one seed, or a range of them');
  if (words.mutant !== undefined && words.mutants === true)
    throw new SimOptionProblem('--mutant and --mutants exclude each other: plant one bug, or each in turn');
  if (words.keep !== undefined && firstSeed !== lastSeed)
    throw new SimOptionProblem('--keep numbers the faults of one schedule: give its seed with --seed');
  if (words.trace === true && (words.mutants === true || jobs > 1))
    throw new SimOptionProblem(
      '--trace tells one world after the other: it goes with neither --mutants nor --jobs',
    );
}

/** Measurements choose their own worlds, so nothing else may be said of them. */
function tablesOf(compare: SimWords['compare']): readonly string[] {
  if (compare === undefined) return [];
  const known = new Map([...MEASUREMENTS.keys()].map((name) => [name, name]));
  if (compare === true) return [...known.keys()];
  return compare.split(',').map((word) => oneOf('--compare', word.trim(), known));
}

function mutantOf(name: string, protocols: readonly ProtocolUnderTest[]): Mutant {
  const mutant = oneOf('--mutant', name, new Map(MUTANTS.map((each) => [each.name, each])));
  const { protocol } = mutant;
  if (protocol !== undefined && !protocols.some((each) => each.name === protocol))
    throw new SimOptionProblem(
      `--mutant ${name} is a bug of ${protocol}: give --protocol ${protocol} or both`,
    );
  return mutant;
}

function seedsOf({ seed, seeds, minutes }: SimWords): { firstSeed: number; lastSeed: number } {
  if (seed !== undefined) {
    const only = whole('--seed', seed, 0, SEED_MAX);
    return { firstSeed: only, lastSeed: only };
  }
  if (seeds === undefined)
    return { firstSeed: 1, lastSeed: minutes === undefined ? SEEDS_DEFAULT : SEED_MAX };
  const [first, last, ...rest] = seeds.split('..');
  if (first === '' || last === undefined || last === '' || rest.length > 0)
    throw new SimOptionProblem(`--seeds is FIRST..LAST, as in 1..2000, not ${seeds}`);
  const firstSeed = whole('--seeds', first!, 0, SEED_MAX);
  const lastSeed = whole('--seeds', last, 0, SEED_MAX);
  if (lastSeed < firstSeed)
    throw new SimOptionProblem(`--seeds is FIRST..LAST with the smaller first, not ${seeds}`);
  return { firstSeed, lastSeed };
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
