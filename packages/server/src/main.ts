#!/usr/bin/env node
/** The entry of `synod`. Loads no more than the command needs: a member must be up fast. */

const [command, ...rest] = process.argv.slice(2);

if (command === 'start') {
  const { start } = await import('./cli/start.ts');
  await start(rest);
} else {
  const { runCommandLine } = await import('./cli/command-line.ts');
  await runCommandLine(process.argv);
}
