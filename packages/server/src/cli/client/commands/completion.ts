/** `synod completion`. The only command that loads all others, for their flags. */
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { CLIENT_COMMANDS } from '../command-list.ts';
import { COMPLETION_SHELLS, type CompletedCommand, completionScript } from '../completion-scripts.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { GLOBAL_FLAGS } from '../global-flags.ts';

/** The commands that are no clients; their own --help tells their flags. */
const OTHER_COMMANDS: readonly CompletedCommand[] = [
  { name: 'start', summary: 'run one member', flags: {} },
  { name: 'dev', summary: 'run a whole cluster on this machine', flags: {} },
  { name: 'sim', summary: 'run simulated clusters under faults', flags: {} },
  { name: 'check', summary: 'judge a recorded history', flags: {} },
  { name: 'version', summary: 'what this is', flags: {} },
  { name: 'help', summary: 'what commands there are', flags: {} },
];

export const completion = clientCommand({
  usage: 'bash|zsh|fish',
  description: 'Prints a script for the shell to read.',
  flags: {},
  examples: [
    'source <(synod completion bash)        in ~/.bashrc',
    'source <(synod completion zsh)         in ~/.zshrc, behind compinit',
    'synod completion fish > ~/.config/fish/completions/synod.fish',
  ],
  async run({ words, say }) {
    const shell = COMPLETION_SHELLS.find((name) => name === words[0]);
    if (shell === undefined || words.length > 1)
      throw badArguments(`completion takes the name of a shell: ${COMPLETION_SHELLS.join(', ')}`);
    const commands = await Promise.all(
      Object.entries(CLIENT_COMMANDS).map(async ([name, { summary, load }]) => ({
        name,
        summary,
        flags: (await load()).flags,
      })),
    );
    say(completionScript(shell, { commands: [...commands, ...OTHER_COMMANDS], globalFlags: GLOBAL_FLAGS }));
    return EXIT_DONE;
  },
});
