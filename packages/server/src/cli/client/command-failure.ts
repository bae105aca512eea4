/** A command that cannot be done: the one line for standard error, and the exit code. */
import { EXIT_BAD_ARGUMENTS } from './exit-codes.ts';

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, text: string) {
    super(text);
    this.exitCode = exitCode;
  }
}

export function badArguments(text: string): CommandFailure {
  return new CommandFailure(EXIT_BAD_ARGUMENTS, text);
}
