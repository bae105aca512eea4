/** Runs a command that somebody gave behind `--`, on our own outputs. */
import { spawn } from 'node:child_process';
import { CommandFailure } from './command-failure.ts';
import { EXIT_FAILED } from './exit-codes.ts';

/** What a shell adds to a signal's number for the exit code. */
const SIGNAL_EXIT_BASE = 128;

/** Resolves to its exit code. Signals reach it too, for it stands in the same group of the terminal. @throws CommandFailure */
export async function runProgram(
  program: readonly string[],
  variables: Readonly<Record<string, string>>,
  stop?: AbortSignal,
): Promise<number> {
  const { constants } = await import('node:os');
  const [name, ...args] = program;
  return await new Promise((resolve, reject) => {
    const child = spawn(name!, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
    const end = (): void => void child.kill('SIGTERM');
    stop?.addEventListener('abort', end, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'executable file not found in $PATH' : error.message;
      reject(new CommandFailure(EXIT_FAILED, `exec: ${JSON.stringify(name)}: ${why}`));
    });
    child.once('close', (code, signal) => {
      stop?.removeEventListener('abort', end);
      resolve(code ?? SIGNAL_EXIT_BASE + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
