/** The way from the process into a client command; a word that no client command knows goes to the other commands' help. */
import { EXIT_USAGE } from '../exit-codes.ts';
import { CLIENT_COMMANDS, isClientWord } from './command-list.ts';
import { wordsBesideFlags } from './flags.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { allWritten, processTerminal } from './process-terminal.ts';
import { runClientCommand } from './run-client-command.ts';

export async function runClientWords(argv: readonly string[]): Promise<void> {
  const line = argv.slice(2);
  const [first] = wordsBesideFlags(line, GLOBAL_FLAGS);
  if (first === undefined || !isClientWord(line[first]!)) {
    const close = first === undefined ? undefined : await closestClientWord(line[first]!);
    if (close !== undefined) {
      process.stderr.write(
        `error: unknown command '${line[first!]!}'\n(Did you mean ${close}?)\nSee 'synod --help'.\n`,
      );
      process.exit(EXIT_USAGE);
    }
    const { runCommandLine } = await import('../command-line.ts');
    await runCommandLine(argv);
    return;
  }
  const exitCode = await runClientCommand(line, process.env, processTerminal());
  await allWritten();
  // What still listens (standard input, a signal) has nothing more to say.
  process.exit(exitCode);
}

async function closestClientWord(word: string): Promise<string | undefined> {
  const { closestWord } = await import('../../config/closest-word.ts');
  return closestWord(word, [...new Set(Object.keys(CLIENT_COMMANDS).map((name) => name.split(' ')[0]!))]);
}
