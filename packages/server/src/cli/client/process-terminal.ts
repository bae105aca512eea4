/** This process's ends as a command sees them: its streams, its terminal, its signals. */
import { constants, setPriority } from 'node:os';
import type { Terminal } from './client-command.ts';
import { EXIT_BY_SIGNAL, EXIT_FAILED } from './exit-codes.ts';

const CLEAR_LINE = '\x1b[K';

export function processTerminal(): Terminal {
  let controller: AbortController | undefined;
  // Whoever read along is gone (`| head -1`): there is nobody left to tell.
  process.stdout.on('error', () => process.exit(EXIT_FAILED));
  return {
    get stdin() {
      return process.stdin;
    },
    isInteractive: process.stdin.isTTY === true,
    out: (bytes) => void process.stdout.write(bytes),
    error: (text) => void process.stderr.write(text),
    progress: (text) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${CLEAR_LINE}${text}`);
    },
    giveWay: () => {
      try {
        setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
      } catch {
        // The work is done all the same where the system does not let it be less urgent.
      }
    },
    secret: async (question) => {
      const { askSecret } = await import('./ask-secret.ts');
      return askSecret(question);
    },
    // Only who asks takes the signals over; all else ends by them at once.
    get interrupted() {
      controller ??= abortedBySignals();
      return controller.signal;
    },
  };
}

/** Resolves once whoever reads this process has taken all that was said: a pipe takes 64 KiB, and the rest when it is read. */
export async function allWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

function abortedBySignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT_BY_SIGNAL);
      controller.abort();
    });
  return controller;
}
