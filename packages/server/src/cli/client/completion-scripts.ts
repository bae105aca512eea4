/** Completion for the three shells, each script made from the same description of the commands. */
import type { Flags } from './flags.ts';

export interface CompletedCommand {
  /** One word, or two. */
  readonly name: string;
  readonly summary: string;
  readonly flags: Flags;
}

export interface CompletedLine {
  readonly commands: readonly CompletedCommand[];
  readonly globalFlags: Flags;
}

export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish'] as const;

export function completionScript(shell: (typeof COMPLETION_SHELLS)[number], line: CompletedLine): string {
  switch (shell) {
    case 'bash':
      return bashScript(line);
    case 'zsh':
      return zshScript(line);
    case 'fish':
      return fishScript(line);
  }
}

/** First words, with the words that may follow each. */
function tree(commands: readonly CompletedCommand[]): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first, second] = name.split(' ');
    const following = words.get(first!) ?? [];
    if (second !== undefined) following.push(second);
    words.set(first!, following);
  }
  return words;
}

function flagWords(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { short }]) => [
    `--${name}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
}

/** Flags of all commands that take one of a few words; a flag's words are the same wherever it stands. */
function choices({ commands, globalFlags }: CompletedLine): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const flags of [globalFlags, ...commands.map((command) => command.flags)])
    for (const [name, { short, choices: words }] of Object.entries(flags))
      if (words !== undefined) {
        found.set(`--${name}`, words);
        if (short !== undefined) found.set(`-${short}`, words);
      }
  return found;
}

/** Flags whose next word is a value, and no command. */
function valueFlags({ globalFlags }: CompletedLine): string[] {
  return flagWords(
    Object.fromEntries(Object.entries(globalFlags).filter(([, { kind }]) => kind !== 'boolean')),
  );
}

/** The body that bash and zsh share: `$first`, `$second`, `$previous` in, a list of words in `$answer` out. */
function cases(line: CompletedLine): string {
  const { commands, globalFlags } = line;
  const words = tree(commands);
  const perChoice = [...choices(line)].map(
    ([flag, list]) => `    ${flag}) answer="${list.join(' ')}"; return ;;`,
  );
  const perCommand = commands
    .filter(({ name }) => name.includes(' '))
    .map(({ name, flags }) => `    "${name}") answer="${flagWords(flags).join(' ')} $everywhere" ;;`);
  const perGroup = [...words]
    .filter(([, following]) => following.length > 0)
    .map(([first, following]) => `    "${first} ") answer="${following.join(' ')}" ;;`);
  return `  local everywhere="${flagWords(globalFlags).join(' ')} --help"
  case "$previous" in
${perChoice.join('\n')}
  esac
  case "$first $second" in
    " ") answer="${[...words.keys()].join(' ')} $everywhere"; return ;;
${perGroup.join('\n')}
${perCommand.join('\n')}
    *) case "$first" in
${[...words]
  .filter(([, following]) => following.length === 0)
  .map(([first]) => {
    const flags = commands.find(({ name }) => name === first)!.flags;
    return `    ${first}) answer="${flagWords(flags).join(' ')} $everywhere" ;;`;
  })
  .join('\n')}
    esac ;;
  esac`;
}

function bashScript(line: CompletedLine): string {
  return `# Completion of synod for bash: source <(synod completion bash)
_synod_words() {
${cases(line)}
}
_synod() {
  local answer= first= second= skip= at word
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$word" in
      ${valueFlags(line).join('|')}) skip=1 ;;
      -*|=) ;;
      *) if [[ -z $first ]]; then first=$word; elif [[ -z $second ]]; then second=$word; fi ;;
    esac
  done
  _synod_words
  COMPREPLY=($(compgen -W "$answer" -- "$current"))
}
complete -o default -F _synod synod
`;
}

function zshScript(line: CompletedLine): string {
  return `#compdef synod
# Completion of synod for zsh: source <(synod completion zsh)
_synod_words() {
${cases(line)}
}
_synod() {
  local answer= first= second= skip= word
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]}
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$word" in
      ${valueFlags(line).join('|')}) skip=1 ;;
      -*) ;;
      *) if [[ -z $first ]]; then first=$word; elif [[ -z $second ]]; then second=$word; fi ;;
    esac
  done
  _synod_words
  compadd -- \${=answer}
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _synod "$@"; else compdef _synod synod; fi
`;
}

function fishScript({ commands, globalFlags }: CompletedLine): string {
  const lines = ['# Completion of synod for fish: synod completion fish | source', 'complete -c synod -f'];
  const words = tree(commands);
  for (const [first, following] of words) {
    const summary = commands.find(({ name }) => name === first)?.summary ?? `${following.join(', ')}`;
    lines.push(`complete -c synod -n __fish_use_subcommand -a ${first} -d '${fishQuoted(summary)}'`);
  }
  for (const { name, summary, flags } of commands) {
    const [first, second] = name.split(' ');
    const seen = `__fish_seen_subcommand_from ${first}`;
    if (second !== undefined)
      lines.push(
        `complete -c synod -n '${seen}; and not __fish_seen_subcommand_from ${words.get(first!)!.join(' ')}' -a ${second} -d '${fishQuoted(summary)}'`,
      );
    const condition = second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`;
    lines.push(...fishFlags(flags, `-n '${condition}' `));
  }
  lines.push(...fishFlags(globalFlags, ''));
  return `${lines.join('\n')}\n`;
}

function fishFlags(flags: Flags, condition: string): string[] {
  return Object.entries(flags).map(([name, { short, kind, help, choices: words }]) => {
    const letter = short === undefined ? '' : ` -s ${short}`;
    const value = kind === 'boolean' ? '' : words === undefined ? ' -r' : ` -x -a '${words.join(' ')}'`;
    return `complete -c synod ${condition}-l ${name}${letter}${value} -d '${fishQuoted(help)}'`;
  });
}

function fishQuoted(text: string): string {
  return text.replace(/[\\']/g, '\\$&');
}
