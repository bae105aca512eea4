/** `synod sim --compare`: the figures of both protocols beside each other, as tables for documents or as JSON. */
import { type Table, tableAsText } from '@synod/simulator';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.ts';
import type { Interruption } from './sim.ts';
import type { SimPlan, SimWords } from './sim-options.ts';
import type { SimTask } from './sim-tasks.ts';
import { carryOutAll } from './sim-workers.ts';

/** @returns the exit code */
export async function measureTables(
  plan: SimPlan,
  words: SimWords,
  interruption: Interruption,
): Promise<number> {
  await carryOutAll(tasks(plan, interruption), plan, words, interruption, (answer) => {
    if (answer.kind === 'table') tell(answer.table, plan.json);
  });
  return interruption.by === undefined ? EXIT_OK : EXIT_INTERRUPTED;
}

function* tasks({ tables }: SimPlan, interruption: Interruption): Generator<SimTask, void> {
  for (const name of tables) {
    if (interruption.by !== undefined) return;
    yield { kind: 'table', name };
  }
}

function tell(table: Table, isJson: boolean): void {
  if (isJson) process.stdout.write(`${JSON.stringify(table)}\n`);
  else process.stdout.write(`${table.name}: ${table.title}\n\n${tableAsText(table)}\n`);
}
