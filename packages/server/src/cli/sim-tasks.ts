/**
 * What one processor does at a time for `synod sim`: one seed, the hunt for one planted bug, or one
 * table of figures. Plain data both ways, so
 * that it can be done here or in another thread.
 */
import { setImmediate } from 'node:timers/promises';
import {
  MEASUREMENTS,
  MUTANTS,
  type Mutant,
  paxosUnderTest,
  type RunOptions,
  raftUnderTest,
  runSeed,
  runSideBySide,
  type SideBySideReport,
  type Table,
} from '@synod/simulator';
import type { SimPlan } from './sim-options.ts';

export type SimTask =
  | { readonly kind: 'seed'; readonly seed: number }
  | { readonly kind: 'hunt'; readonly mutant: string; readonly protocol: string }
  | { readonly kind: 'table'; readonly name: string };

export type SimAnswer =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'seed'; readonly report: SideBySideReport }
  | { readonly kind: 'hunt'; readonly hunt: Hunt };

/** How a planted bug was found. */
export interface Hunt {
  readonly mutant: string;
  readonly protocol: string;
  readonly of: string;
  readonly what: string;
  readonly found: { readonly seed: number; readonly rule: string } | undefined;
  readonly simulatedSeconds: number;
  readonly realSeconds: number;
}

/** Seeds that are tried on a planted bug before it counts as not found. */
const MUTANT_SEEDS_MAX = 2_000;

/** What a plan says of every world that is run by it. */
export function worldOptions(plan: SimPlan): Omit<RunOptions, 'protocol'> {
  const { members, timing, faults, keep, mutant } = plan;
  const listener = plan.trace
    ? (atMs: number, text: string): void => {
        process.stdout.write(`${(atMs / 1000).toFixed(6)} ${text}\n`);
      }
    : undefined;
  return { members, timing, faults, keep, mutant, listener };
}

/** `isOver`: nobody waits for the answer any more. */
export async function carryOut(task: SimTask, plan: SimPlan, isOver: () => boolean): Promise<SimAnswer> {
  // Signals are heard between two worlds.
  await setImmediate();
  if (task.kind === 'seed')
    return { kind: 'seed', report: runSideBySide(task.seed, plan.protocols, worldOptions(plan)) };
  if (task.kind === 'table')
    return { kind: 'table', table: MEASUREMENTS.get(task.name)!([raftUnderTest, paxosUnderTest]) };
  const mutant = MUTANTS.find(({ name }) => name === task.mutant)!;
  return { kind: 'hunt', hunt: await huntOne(mutant, task.protocol, plan, isOver) };
}

async function huntOne(
  mutant: Mutant,
  protocolName: string,
  plan: SimPlan,
  isOver: () => boolean,
): Promise<Hunt> {
  const startedMs = performance.now();
  const protocol = plan.protocols.find(({ name }) => name === protocolName)!;
  let simulatedMs = 0;
  let found: Hunt['found'];
  const lastSeed = Math.min(plan.lastSeed, plan.firstSeed + MUTANT_SEEDS_MAX - 1);
  for (let seed = plan.firstSeed; seed <= lastSeed && found === undefined && !isOver(); seed++) {
    await setImmediate();
    const report = runSeed(seed, { ...worldOptions(plan), protocol, mutant });
    simulatedMs += report.simulatedMs;
    if (report.failure !== undefined) found = { seed, rule: report.failure.rule };
  }
  return {
    mutant: mutant.name,
    protocol: protocolName,
    of: mutant.of,
    what: mutant.what,
    found,
    simulatedSeconds: Math.round(simulatedMs / 1000),
    realSeconds: Number(((performance.now() - startedMs) / 1000).toFixed(2)),
  };
}
