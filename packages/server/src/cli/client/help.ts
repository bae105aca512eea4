/** The text of `synod COMMAND --help`, made from the command's own tables. */
import type { ClientCommand } from './client-command.ts';
import { CLIENT_COMMANDS } from './command-list.ts';
import type { Flag, Flags } from './flags.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { goDuration } from './writers/go-formats.ts';

const NAME_COLUMNS = 36;

export function commandHelp(name: string, summary: string, command: ClientCommand): string {
  const own = Object.keys(command.flags).length === 0 ? '' : `Options:\n${flagLines(command.flags)}\n\n`;
  const description = command.description === '' ? '' : `\n${command.description}\n`;
  return `Usage: synod ${name} ${command.usage}

${capital(summary)}.
${description}
${own}Options of every client command, each also by environment (ETCDCTL_ENDPOINTS for --endpoints):
${flagLines(GLOBAL_FLAGS)}

Examples:
${command.examples.map((example) => `  ${example}`).join('\n')}
`;
}

/** `synod lease`, which alone does nothing. */
export function groupHelp(group: string): string {
  const commands = Object.entries(CLIENT_COMMANDS).filter(([name]) => name.startsWith(`${group} `));
  const lines = commands.map(([name, { summary }]) => `  synod ${name.padEnd(24)}${summary}`);
  return `Usage: synod ${group} COMMAND\n\n${lines.join('\n')}\n\nExamples:\n  synod ${commands[0]![0]} --help\n`;
}

function flagLines(flags: Flags): string {
  return Object.entries(flags)
    .map(([name, flag]) => {
      const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
      return `  ${`${short}--${name}${placeholder(flag)}`.padEnd(NAME_COLUMNS)} ${flag.help}${note(flag)}`;
    })
    .join('\n');
}

function placeholder({ kind, choices }: Flag): string {
  if (choices !== undefined) return ` ${choices.join('|')}`.length > 22 ? ' <word>' : ` ${choices.join('|')}`;
  return { boolean: '', text: ' <text>', number: ' <n>', duration: ' <duration>' }[kind];
}

function note(flag: Flag): string {
  const choices =
    flag.choices === undefined || placeholder(flag) !== ' <word>' ? '' : `: ${flag.choices.join(', ')}`;
  if (flag.default === '' || flag.default === false || flag.default === 0) return choices;
  const text = flag.kind === 'duration' ? goDuration(flag.default as number) : String(flag.default);
  return `${choices} (default ${text})`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
