/** A client command from its command line to its exit code. Loads the one command that is asked for, and one writer. */
import { CallFailure } from '../../client/call-failure.ts';
import { EtcdClient } from '../../client/etcd-client.ts';
import { type Dns, SYSTEM_DNS } from '../../dns/dns.ts';
import { callFailureText } from './call-failure-text.ts';
import type { ClientCommand, CommandContext, Terminal } from './client-command.ts';
import { clientOptions } from './client-options.ts';
import { CommandFailure } from './command-failure.ts';
import { CLIENT_COMMANDS, COMMAND_GROUPS } from './command-list.ts';
import { readEnvironment } from './environment.ts';
import { EXIT_BAD_CONNECTION, EXIT_BAD_FEATURE, EXIT_DONE, EXIT_FAILED } from './exit-codes.ts';
import { booleanFlag, FlagProblem, flagValues, readFlags, wordsBesideFlags } from './flags.ts';
import { GLOBAL_FLAGS, type GlobalValues, OUTPUT_FORMATS } from './global-flags.ts';
import type { Results, Writer } from './writers/results.ts';

const HELP_FLAG = { help: booleanFlag('', { short: 'h' }) };

/** Never throws but for bugs. */
export async function runClientCommand(
  line: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
  dns: Dns = SYSTEM_DNS,
): Promise<number> {
  const found = findCommand(line);
  switch (found.kind) {
    case 'unknown':
      terminal.error(`Error: ${found.text}\n`);
      return EXIT_FAILED;
    case 'group': {
      const { groupHelp } = await import('./help.ts');
      terminal.out(Buffer.from(groupHelp(found.name)));
      return EXIT_DONE;
    }
    case 'command':
      return await run(found, environment, terminal, dns);
  }
}

type Found =
  | { readonly kind: 'command'; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'unknown'; readonly text: string };

/** Flags may stand before the command, so its words are those that are neither flags nor the values of global ones. */
function findCommand(line: readonly string[]): Found {
  const [first, second] = wordsBesideFlags(line, GLOBAL_FLAGS);
  const word = first === undefined ? undefined : line[first]!;
  if (word === undefined) return { kind: 'unknown', text: "no command is given. See 'synod --help'." };
  const without = (...places: number[]): string[] => line.filter((_, at) => !places.includes(at));
  if (!COMMAND_GROUPS.has(word)) {
    if (Object.hasOwn(CLIENT_COMMANDS, word)) return { kind: 'command', name: word, rest: without(first!) };
    return { kind: 'unknown', text: `unknown command ${JSON.stringify(word)}. See 'synod --help'.` };
  }
  if (second === undefined) return { kind: 'group', name: word };
  const name = `${word} ${line[second]!}`;
  if (Object.hasOwn(CLIENT_COMMANDS, name)) return { kind: 'command', name, rest: without(first!, second) };
  return { kind: 'unknown', text: `unknown command ${JSON.stringify(name)}. See 'synod ${word}'.` };
}

async function run(
  { name, rest }: Found & { readonly kind: 'command' },
  environment: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
  dns: Dns,
): Promise<number> {
  const listed = CLIENT_COMMANDS[name]!;
  const command = await listed.load();
  let client: EtcdClient | undefined;
  try {
    const { given, words, afterDashes } = readFlags(rest, {
      ...command.flags,
      ...GLOBAL_FLAGS,
      ...HELP_FLAG,
    });
    if (given.get('help') === true) {
      const { commandHelp } = await import('./help.ts');
      terminal.out(Buffer.from(commandHelp(name, listed.summary, command)));
      return EXIT_DONE;
    }
    const fromEnvironment = readEnvironment(environment, GLOBAL_FLAGS, new Set(given.keys()));
    for (const warning of fromEnvironment.warnings) terminal.error(`Warning: ${warning}\n`);
    if (fromEnvironment.conflict !== undefined)
      throw new CommandFailure(
        EXIT_FAILED,
        `${fromEnvironment.conflict} is set and so is its flag: unset the one, or leave out the other`,
      );
    const globals = flagValues(GLOBAL_FLAGS, new Map([...given, ...fromEnvironment.given]));
    const write = await writerOf(globals);
    const say = (text: string): void => terminal.out(Buffer.from(text));
    client = new EtcdClient(await clientOptions(globals, terminal, dns));
    const context: CommandContext = {
      flags: flagValues(command.flags, given),
      globals,
      words: [...words, ...(afterDashes ?? [])],
      wordsBeforeDashes: afterDashes === undefined ? undefined : words.length,
      environment,
      terminal,
      client,
      print: async (kind, result) => terminal.out(Buffer.from(write(kind, result), 'latin1')),
      say,
    };
    return await command.run(context);
  } catch (error) {
    return failed(error, name, command, terminal);
  } finally {
    client?.close();
  }
}

type Write = <Kind extends keyof Results>(kind: Kind, result: Results[Kind]) => string;

async function writerOf(globals: GlobalValues): Promise<Write> {
  const format = globals['write-out'];
  const load = Object.hasOwn(WRITERS, format) ? WRITERS[format as keyof typeof WRITERS] : undefined;
  if (load === undefined)
    throw new CommandFailure(
      EXIT_BAD_FEATURE,
      `unsupported output format ${JSON.stringify(format)}: --write-out is ${OUTPUT_FORMATS.join(', ')}`,
    );
  const writer = await load();
  return (kind, result) => {
    const write = writer[kind];
    if (write === undefined)
      throw new CommandFailure(EXIT_BAD_FEATURE, `${format} not supported as output format`);
    return write(result, { isHex: globals.hex });
  };
}

const WRITERS: Readonly<Record<(typeof OUTPUT_FORMATS)[number], () => Promise<Writer>>> = {
  simple: async () => (await import('./writers/simple.ts')).simpleWriter,
  json: async () => (await import('./writers/json.ts')).jsonWriter,
  table: async () => (await import('./writers/table.ts')).tableWriter,
  fields: async () => (await import('./writers/fields.ts')).fieldsWriter,
  protobuf: async () => (await import('./writers/protobuf.ts')).protobufWriter,
};

async function failed(
  error: unknown,
  name: string,
  command: ClientCommand,
  terminal: Terminal,
): Promise<number> {
  if (error instanceof CommandFailure) {
    terminal.error(`Error: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof CallFailure) {
    terminal.error(`Error: ${callFailureText(error)}\n`);
    return error.kind === 'unauthenticated' ? EXIT_BAD_CONNECTION : EXIT_FAILED;
  }
  if (error instanceof FlagProblem) {
    const { closestWord } = await import('../../config/closest-word.ts');
    const known = [...Object.keys(command.flags), ...Object.keys(GLOBAL_FLAGS)];
    const close = error.unknown === undefined ? undefined : closestWord(error.unknown, known);
    const hint = close === undefined ? '' : ` Did you mean --${close}?`;
    terminal.error(`Error: ${error.message}.${hint} See 'synod ${name} --help'.\n`);
    return EXIT_FAILED;
  }
  throw error;
}
