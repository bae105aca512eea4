/** `synod sim` with seeds: world after world until all are through, one fails, the time is over, or somebody stops it. */
import type { SeedReport, SideBySideReport } from '@synod/simulator';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';
import type { Interruption } from './sim.ts';
import { tellFailure } from './sim-failure.ts';
import type { SimPlan, SimWords } from './sim-options.ts';
import type { SimTask } from './sim-tasks.ts';
import { TotalsByProtocol } from './sim-totals.ts';
import { carryOutAll } from './sim-workers.ts';

/** @returns the exit code */
export async function runSeeds(plan: SimPlan, words: SimWords, interruption: Interruption): Promise<number> {
  const startedMs = performance.now();
  const totals = new TotalsByProtocol(plan.protocols.map(({ name }) => name));
  const progress = new ProgressLine({ quiet: plan.trace });
  let failing: SideBySideReport | undefined;
  let compared = 0;
  const isOver = (): boolean =>
    failing !== undefined ||
    interruption.by !== undefined ||
    (plan.minutes !== undefined && performance.now() - startedMs >= plan.minutes * 60_000);
  await carryOutAll(seedsOf(plan, isOver), plan, words, interruption, (answer) => {
    if (answer.kind !== 'seed') return;
    const { report } = answer;
    for (const each of report.reports) totals.add(each);
    compared += report.answersCompared;
    if (plan.json) writeJson(report);
    // Seeds are begun in their order, so the first that fails is found whoever is faster.
    if (report.failure !== undefined && (failing === undefined || report.seed < failing.seed))
      failing = report;
    progress.show(() => `${totals.progress()}, ${failing === undefined ? 'no failures' : '1 failure'}`);
  });
  progress.clear();
  if (!plan.json) tellTotals(plan, totals, compared, failing, interruption);
  else writeSummary(totals, compared, failing, interruption);
  if (failing !== undefined) {
    if (!plan.json) tellFailure(failing, plan);
    return EXIT_FAILED;
  }
  return interruption.by === undefined ? EXIT_OK : EXIT_INTERRUPTED;
}

function* seedsOf({ firstSeed, lastSeed }: SimPlan, isOver: () => boolean): Generator<SimTask, void> {
  for (let seed = firstSeed; seed <= lastSeed && !isOver(); seed++) yield { kind: 'seed', seed };
}

function tellTotals(
  plan: SimPlan,
  totals: TotalsByProtocol,
  compared: number,
  failing: SideBySideReport | undefined,
  interruption: Interruption,
): void {
  const lines = totals.lines();
  const failures = failing === undefined ? 'no failures' : '1 failure';
  if (plan.protocols.length > 1) {
    const same = `${compared} answers compared between the two`;
    lines.push(`both   ${same}, ${totals.speed} times real time, ${failures}`);
  } else lines[0] += `, ${failures}`;
  if (interruption.by !== undefined) lines.push(`stopped before the end by ${interruption.by}`);
  if (failing === undefined) lines.push(`trace hash ${totals.traceHash}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** A line a world; what clients could tell apart is in the line of the last. */
function writeJson({ reports, failure }: SideBySideReport): void {
  for (const [i, report] of reports.entries()) {
    const its = i === reports.length - 1 ? failure : report.failure;
    process.stdout.write(`${JSON.stringify(asJson(report, its))}\n`);
  }
}

function asJson(report: SeedReport, failure: SeedReport['failure']): object {
  const { failure: _own, struck, schedule, accounts: _accounts, ...rest } = report;
  return {
    ...rest,
    scheduledFaults: schedule.length,
    struck: Object.fromEntries(struck),
    failure: failure === undefined ? null : { rule: failure.rule, message: failure.message },
  };
}

function writeSummary(
  totals: TotalsByProtocol,
  answersCompared: number,
  failing: SideBySideReport | undefined,
  interruption: Interruption,
): void {
  const summary = {
    protocols: Object.fromEntries(totals.byProtocol),
    answersCompared,
    simulatedSecondsASecond: totals.speed,
    traceHash: totals.traceHash,
    failedSeed: failing?.seed ?? null,
    stoppedBy: interruption.by ?? null,
  };
  process.stdout.write(`${JSON.stringify({ summary })}\n`);
}
