/** The way from the process into a client command; a word that no client command knows goes to the other commands' help. */
import { isClientWord } from './command-list.ts';
import { wordsBesideFlags } from './flags.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { processTerminal } from './process-terminal.ts';
import { runClientCommand } from './run-client-command.ts';

export async function runClientWords(argv: readonly string[]): Promise<void> {
  const line = argv.slice(2);
  const [first] = wordsBesideFlags(line, GLOBAL_FLAGS);
  if (first === undefined || !isClientWord(line[first]!)) {
    const { runCommandLine } = await import('../command-line.ts');
    await runCommandLine(argv);
    return;
  }
  // What still listens (standard input, a signal) has nothing more to say.
  process.exit(await runClientCommand(line, process.env, processTerminal()));
}
