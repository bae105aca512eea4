/** `synod sim`: runs simulated worlds, one seed after the other, and tells what a failing one needs to be seen again. */
import { performance } from 'node:perf_hooks';
import {
  describeFault,
  FAULT_KINDS,
  MUTANTS,
  type Mutant,
  type RunOptions,
  runSeed,
  type SeedReport,
  type Shrunk,
  shrink,
} from '@synod/simulator';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';
import { simConnectivity } from './sim-connectivity.ts';
import { readSimWords, SimOptionProblem, type SimPlan, type SimWords } from './sim-options.ts';

const SHRINK_RUNS_MAX = 150;
/** Seeds that are tried on a planted bug before it counts as not found. */
const MUTANT_SEEDS_MAX = 2_000;

/** @returns the exit code */
export function sim(words: SimWords): number {
  if (words.connectivity === true) return simConnectivity(words);
  let plan: SimPlan;
  try {
    plan = readSimWords(words);
  } catch (error) {
    if (!(error instanceof SimOptionProblem)) throw error;
    process.stderr.write(`synod sim: ${error.message}\n`);
    return EXIT_USAGE;
  }
  return plan.allMutants ? huntMutants(plan) : runSeeds(plan);
}

function optionsOf(plan: SimPlan): RunOptions {
  const { protocol, members, timing, faults, keep, mutant } = plan;
  const listener = plan.trace
    ? (atMs: number, text: string): void => {
        process.stdout.write(`${(atMs / 1000).toFixed(6)} ${text}\n`);
      }
    : undefined;
  return { protocol, members, timing, faults, keep, mutant, listener };
}

interface Totals {
  seeds: number;
  simulatedMs: number;
  operations: number;
  watchEvents: number;
  elections: number;
  faults: number;
  messages: number;
}

function runSeeds(plan: SimPlan): number {
  const options = optionsOf(plan);
  const startedMs = performance.now();
  const deadlineMs =
    plan.minutes === undefined ? Number.POSITIVE_INFINITY : startedMs + plan.minutes * 60_000;
  const totals: Totals = {
    seeds: 0,
    simulatedMs: 0,
    operations: 0,
    watchEvents: 0,
    elections: 0,
    faults: 0,
    messages: 0,
  };
  const progress = new ProgressLine({ quiet: plan.json || plan.trace });
  let failing: SeedReport | undefined;
  let traceHash = '';
  for (let seed = plan.firstSeed; seed <= plan.lastSeed && performance.now() < deadlineMs; seed++) {
    const report = runSeed(seed, options);
    add(totals, report);
    traceHash = report.traceHash;
    progress.show(() => summary(totals, performance.now() - startedMs));
    if (plan.json) process.stdout.write(`${JSON.stringify(asJson(report))}\n`);
    if (report.failure === undefined) continue;
    failing = report;
    break;
  }
  progress.clear();
  const line = summary(totals, performance.now() - startedMs);
  if (failing === undefined) {
    if (!plan.json) process.stdout.write(`${line}, no failures\n`);
    if (plan.firstSeed === plan.lastSeed && !plan.json) process.stdout.write(`trace hash ${traceHash}\n`);
    return EXIT_OK;
  }
  if (!plan.json) tellFailure(failing, plan, options, line);
  return EXIT_FAILED;
}

function add(totals: Totals, report: SeedReport): void {
  totals.seeds++;
  totals.simulatedMs += report.simulatedMs;
  totals.operations += report.operations;
  totals.watchEvents += report.watchEvents;
  totals.elections += report.elections;
  totals.messages += report.messages;
  for (const count of report.struck.values()) totals.faults += count;
}

function summary(totals: Totals, realMs: number): string {
  const { seeds, simulatedMs, operations, watchEvents, elections, faults } = totals;
  const speed = Math.round(simulatedMs / Math.max(realMs, 1));
  return `${seeds} seeds, ${duration(simulatedMs)} simulated (${speed} times real time), ${operations} operations and ${watchEvents} watch events checked, ${elections} elections, ${faults} faults`;
}

function duration(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}

function asJson({ failure, struck, schedule, ...rest }: SeedReport): object {
  return {
    ...rest,
    scheduledFaults: schedule.length,
    struck: Object.fromEntries(struck),
    failure: failure === undefined ? null : { rule: failure.rule, message: failure.message },
  };
}

function tellFailure(failing: SeedReport, plan: SimPlan, options: RunOptions, line: string): void {
  const { failure, seed } = failing;
  process.stdout.write(`${line}, 1 failure\n\n${failure!.stack}\n\n`);
  process.stdout.write(
    `Seed ${seed} broke ${failure!.rule} after ${(failing.simulatedMs / 1000).toFixed(1)} simulated seconds. Again:\n`,
  );
  process.stdout.write(`  ${replayCommand(seed, plan, undefined)}\n\n`);
  if (plan.keep !== undefined || failing.schedule.length === 0) return;
  const shrunk: Shrunk = shrink(failing, options, SHRINK_RUNS_MAX);
  const { schedule, failure: left } = shrunk.report;
  process.stdout.write(
    `Of ${failing.schedule.length} faults ${schedule.length} are needed (found in ${shrunk.runs} runs):\n`,
  );
  for (const fault of schedule) process.stdout.write(`  ${describeFault(fault)}\n`);
  process.stdout.write(`${left!.message}\n  ${replayCommand(seed, plan, shrunk.keep)}\n`);
}

function replayCommand(seed: number, plan: SimPlan, keep: readonly number[] | undefined): string {
  const words = [`npm run sim -- --protocol ${plan.protocol.name} --seed ${seed}`];
  if (plan.members !== undefined) words.push(`--members ${plan.members}`);
  if (plan.timing !== undefined) words.push(`--timing ${plan.timing}`);
  if (plan.faults.length < FAULT_KINDS.length)
    words.push(`--faults ${plan.faults.length === 0 ? 'none' : plan.faults.join(',')}`);
  if (plan.mutant !== undefined) words.push(`--mutant ${plan.mutant.name}`);
  if (keep !== undefined) words.push(`--keep ${keep.length === 0 ? 'none' : keep.join(',')}`);
  return words.join(' ');
}

/** For each planted bug: the first seed that finds it, and what that took. */
function huntMutants(plan: SimPlan): number {
  const options = optionsOf(plan);
  let missed = 0;
  for (const mutant of MUTANTS) {
    if (mutant.protocol !== undefined && mutant.protocol !== plan.protocol.name) continue;
    const hunt = huntOne(mutant, plan, options);
    if (hunt.found === undefined) missed++;
    process.stdout.write(plan.json ? `${JSON.stringify(hunt)}\n` : huntLine(hunt));
  }
  return missed === 0 ? EXIT_OK : EXIT_FAILED;
}

interface Hunt {
  readonly mutant: string;
  readonly of: string;
  readonly what: string;
  readonly found: { readonly seed: number; readonly rule: string } | undefined;
  readonly simulatedSeconds: number;
  readonly realSeconds: number;
}

function huntOne(mutant: Mutant, plan: SimPlan, options: RunOptions): Hunt {
  const startedMs = performance.now();
  let simulatedMs = 0;
  let found: Hunt['found'];
  const lastSeed = Math.min(plan.lastSeed, plan.firstSeed + MUTANT_SEEDS_MAX - 1);
  for (let seed = plan.firstSeed; seed <= lastSeed && found === undefined; seed++) {
    const report = runSeed(seed, { ...options, mutant });
    simulatedMs += report.simulatedMs;
    if (report.failure !== undefined) found = { seed, rule: report.failure.rule };
  }
  return {
    mutant: mutant.name,
    of: mutant.of,
    what: mutant.what,
    found,
    simulatedSeconds: Math.round(simulatedMs / 1000),
    realSeconds: Number(((performance.now() - startedMs) / 1000).toFixed(2)),
  };
}

function huntLine({ mutant, of, what, found, simulatedSeconds, realSeconds }: Hunt): string {
  const outcome = found === undefined ? 'NOT FOUND' : `seed ${found.seed} breaks ${found.rule}`;
  return `${mutant.padEnd(34)} ${outcome.padEnd(28)} ${String(simulatedSeconds).padStart(7)} s simulated, ${realSeconds.toFixed(2).padStart(6)} s real   ${of}: ${what}\n`;
}
