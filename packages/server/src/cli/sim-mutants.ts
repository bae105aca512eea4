/** `synod sim --mutants`: for each planted bug the first seed that finds it, and what that took. */
import { MUTANTS } from '@synod/simulator';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.ts';
import type { Interruption } from './sim.ts';
import type { SimPlan, SimWords } from './sim-options.ts';
import type { Hunt, SimTask } from './sim-tasks.ts';
import { carryOutAll } from './sim-workers.ts';

/** @returns the exit code */
export async function huntMutants(
  plan: SimPlan,
  words: SimWords,
  interruption: Interruption,
): Promise<number> {
  let missed = 0;
  await carryOutAll(hunts(plan, interruption), plan, words, interruption, (answer) => {
    if (answer.kind !== 'hunt') return;
    const { hunt } = answer;
    // One that was cut short has found nothing, and that says nothing.
    if (hunt.found === undefined && interruption.by !== undefined) return;
    if (hunt.found === undefined) missed++;
    process.stdout.write(plan.json ? `${JSON.stringify(hunt)}\n` : huntLine(hunt));
  });
  if (interruption.by !== undefined) process.stderr.write(`stopped before the end by ${interruption.by}\n`);
  if (missed > 0) return EXIT_FAILED;
  return interruption.by === undefined ? EXIT_OK : EXIT_INTERRUPTED;
}

function* hunts({ protocols }: SimPlan, interruption: Interruption): Generator<SimTask, void> {
  for (const { name: protocol } of protocols)
    for (const mutant of MUTANTS) {
      if (interruption.by !== undefined) return;
      if (mutant.protocol === undefined || mutant.protocol === protocol)
        yield { kind: 'hunt', mutant: mutant.name, protocol };
    }
}

function huntLine({ mutant, protocol, of, what, found, simulatedSeconds, realSeconds }: Hunt): string {
  const outcome = found === undefined ? 'NOT FOUND' : `seed ${found.seed} breaks ${found.rule}`;
  return `${protocol.padEnd(5)} ${mutant.padEnd(34)} ${outcome.padEnd(28)} ${String(simulatedSeconds).padStart(7)} s simulated, ${realSeconds.toFixed(2).padStart(6)} s real   ${of}: ${what}\n`;
}
