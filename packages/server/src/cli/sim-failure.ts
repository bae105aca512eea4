/** What a failing seed needs to be seen again: the rule, the command, and the shortest schedule of faults that still fails. */
import {
  describeFault,
  FAULT_KINDS,
  runSideBySide,
  type Shrunk,
  type SideBySideReport,
  shrink,
} from '@synod/simulator';
import type { SimPlan } from './sim-options.ts';
import { worldOptions } from './sim-tasks.ts';

const SHRINK_RUNS_MAX = 150;

export function tellFailure(failing: SideBySideReport, plan: SimPlan): void {
  const { failure, seed, reports } = failing;
  const on = reports.at(-1)!.failure === undefined ? reports.map(({ protocol }) => protocol) : [];
  const where = on.length === 0 ? ` on ${reports.at(-1)!.protocol}` : ` between ${on.join(' and ')}`;
  process.stdout.write(`\n${failure!.stack}\n\n`);
  process.stdout.write(
    `Seed ${seed} broke ${failure!.rule}${where} after ${(failing.simulatedMs / 1000).toFixed(1)} simulated seconds. Again:\n`,
  );
  process.stdout.write(`  ${replayCommand(seed, plan, plan.keep)}\n`);
  if (plan.keep === undefined && failing.schedule.length > 0) tellShortest(failing, plan);
}

function tellShortest(failing: SideBySideReport, plan: SimPlan): void {
  const { seed } = failing;
  const options = { ...worldOptions(plan), listener: undefined };
  const shrunk: Shrunk<SideBySideReport> = shrink(
    failing,
    (keep) => runSideBySide(seed, plan.protocols, { ...options, keep }),
    SHRINK_RUNS_MAX,
  );
  const { schedule, failure } = shrunk.report;
  process.stdout.write(
    `\nOf ${failing.schedule.length} faults ${schedule.length} are needed (found in ${shrunk.runs} runs):\n`,
  );
  for (const fault of schedule) process.stdout.write(`  ${describeFault(fault)}\n`);
  process.stdout.write(`${failure!.message}\n  ${replayCommand(seed, plan, shrunk.keep)}\n`);
}

function replayCommand(seed: number, plan: SimPlan, keep: readonly number[] | undefined): string {
  const words = [`npm run sim -- --protocol ${plan.protocol} --seed ${seed}`];
  if (plan.members !== undefined) words.push(`--members ${plan.members}`);
  if (plan.timing !== undefined) words.push(`--timing ${plan.timing}`);
  if (plan.faults.length < FAULT_KINDS.length)
    words.push(`--faults ${plan.faults.length === 0 ? 'none' : plan.faults.join(',')}`);
  if (plan.mutant !== undefined) words.push(`--mutant ${plan.mutant.name}`);
  if (keep !== undefined) words.push(`--keep ${keep.length === 0 ? 'none' : keep.join(',')}`);
  return words.join(' ');
}
