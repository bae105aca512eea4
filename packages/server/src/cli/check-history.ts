/** `synod check FILE.jsonl`: whether a recorded history could have come from one map that does one thing at a time. */
import { readFileSync } from 'node:fs';
import {
  checkHistory,
  formatOperation,
  HistoryProblem,
  type Operation,
  parseHistory,
} from '@synod/simulator';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';

/** How much of the longest order is shown. */
const SHOWN_MAX = 10;

/** @returns the exit code */
export function checkHistoryFile(path: string): number {
  let history: Operation[];
  try {
    history = parseHistory(readFileSync(path, 'utf8'));
  } catch (error) {
    const isExpected = error instanceof HistoryProblem || (error instanceof Error && 'code' in error);
    if (!isExpected) throw error;
    process.stderr.write(`synod check: ${path}: ${error.message}\n`);
    return EXIT_USAGE;
  }
  const verdict = checkHistory(history);
  switch (verdict.kind) {
    case 'linearizable':
      process.stdout.write(`linearizable: ${verdict.operations} operations on ${verdict.keys} keys\n`);
      return EXIT_OK;
    case 'undecided':
      process.stdout.write(
        `undecided: key ${verdict.key} has more than ${verdict.states} states to search\n`,
      );
      return EXIT_FAILED;
    case 'notLinearizable': {
      process.stdout.write(`not linearizable: key ${verdict.key}. This fits nowhere:\n`);
      process.stdout.write(`  ${formatOperation(verdict.stuckAt)}\n`);
      process.stdout.write(
        `after the longest order that works (${verdict.longest.length} operations), which ends with\n`,
      );
      for (const operation of verdict.longest.slice(-SHOWN_MAX))
        process.stdout.write(`  ${formatOperation(operation)}\n`);
      return EXIT_FAILED;
    }
  }
}
