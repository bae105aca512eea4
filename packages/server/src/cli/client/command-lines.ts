/** The client commands as lines of `synod --help`. */
import { CLIENT_COMMANDS } from './command-list.ts';

const NAME_COLUMNS = 24;

export function clientCommandLines(): string {
  return Object.entries(CLIENT_COMMANDS)
    .map(([name, { summary }]) => `  ${name.padEnd(NAME_COLUMNS)}${summary}`)
    .join('\n');
}
