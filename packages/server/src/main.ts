#!/usr/bin/env node
/** The entry of `synod`. Loads no more than the command needs: a member must be up fast, and a client's answer too. */
import { enableCompileCache } from 'node:module';

const [command, ...rest] = process.argv.slice(2);
/** The commands about members and simulated ones, and the words and flags that ask what this is. */
const NOT_CLIENT = /^(dev|sim|check|rebuild|help|version|-h|--help|-v|-V|--?version)$/;

// A command is over in the time that reading its files takes: the second time, Node has them compiled. A member lives long,
// and leaves nothing beside its data directory.
if (command !== 'start') enableCompileCache();

if (command === 'start') {
  const { start } = await import('./cli/start.ts');
  await start(rest);
} else if (command === undefined || NOT_CLIENT.test(command)) {
  const { runCommandLine } = await import('./cli/command-line.ts');
  await runCommandLine(process.argv);
} else {
  const { runClientWords } = await import('./cli/client/client-words.ts');
  await runClientWords(process.argv);
}
