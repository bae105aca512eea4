/** `synod sim`: reads what is asked for, and runs seeds, hunts planted bugs or measures until it is through or asked to stop. */
import { EXIT_INTERRUPTED, EXIT_USAGE } from './exit-codes.ts';
import { measureTables } from './sim-compare.ts';
import { simConnectivity } from './sim-connectivity.ts';
import { huntMutants } from './sim-mutants.ts';
import { readSimWords, SimOptionProblem, type SimPlan, type SimWords } from './sim-options.ts';
import { runSeeds } from './sim-seeds.ts';
import { stopAsked } from './stop-asked.ts';

/** Whether somebody asked to stop: looked at between worlds. */
export interface Interruption {
  /** By what; undefined: nobody did. */
  readonly by: string | undefined;
  /** Resolves when somebody does. */
  readonly asked: Promise<void>;
}

/** @returns the exit code */
export async function sim(words: SimWords): Promise<number> {
  if (words.connectivity === true) return simConnectivity(words);
  let plan: SimPlan;
  try {
    plan = readSimWords(words);
  } catch (error) {
    if (!(error instanceof SimOptionProblem)) throw error;
    process.stderr.write(`synod sim: ${error.message}\nSee 'synod sim --help'.\n`);
    return EXIT_USAGE;
  }
  const interruption = listenForInterruption();
  leaveWithTheReader();
  if (plan.tables.length > 0) return measureTables(plan, words, interruption);
  return plan.allMutants ? huntMutants(plan, words, interruption) : runSeeds(plan, words, interruption);
}

function listenForInterruption(): Interruption {
  let by: string | undefined;
  const asked = stopAsked({
    onFirst: (why) => {
      by = why;
    },
    onSecond: () => process.exit(EXIT_INTERRUPTED),
  });
  return {
    get by() {
      return by;
    },
    asked,
  };
}

/** Whoever reads the output may have seen enough, as `head` does. */
function leaveWithTheReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_INTERRUPTED);
    throw error;
  });
}
