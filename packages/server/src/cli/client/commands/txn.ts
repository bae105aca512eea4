/** `synod txn`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_INVALID_INPUT } from '../exit-codes.ts';
import { booleanFlag } from '../flags.ts';
import { inputLines } from '../input-lines.ts';
import { parseComparison, parseOperation } from '../transaction-language.ts';

export const txn = clientCommand({
  usage: '[options]',
  description: `Reads three groups of lines from standard input, each ended by an empty line: comparisons, what is done if all of
them hold, and what is done otherwise. A comparison is TARGET("key") OPERATOR "operand", where TARGET is version,
create, mod, value or lease and OPERATOR is =, !=, < or >. What is done are lines of get, put and del, with their options.`,
  flags: { interactive: booleanFlag('say what comes next', { short: 'i' }) },
  examples: [
    'synod txn -i',
    String.raw`printf 'value("door") = "open"\n\nput door closed\n\nget door\n\n' | synod txn`,
  ],
  async run({ words, flags, client, terminal, say, print }) {
    if (words.length > 0) throw badArguments('txn command does not accept argument');
    const lines = inputLines(terminal.stdin);
    const tell = (text: string): void => {
      if (flags.interactive) say(`${text}\n`);
    };
    tell('compares:');
    const compare = await group(lines, parseComparison);
    tell('success requests (get, put, del):');
    const success = await group(lines, parseOperation);
    tell('failure requests (get, put, del):');
    const failure = await group(lines, parseOperation);
    await print('transaction', await client.call(RPC.transaction, { compare, success, failure }));
    return EXIT_DONE;
  },
});

/** Up to the next empty line. */
async function group<Parsed>(
  lines: AsyncGenerator<string>,
  parse: (line: string) => Parsed | Promise<Parsed>,
): Promise<Parsed[]> {
  const parsed: Parsed[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done === true)
      throw new CommandFailure(EXIT_INVALID_INPUT, 'EOF: an empty line ends each of the three groups');
    if (next.value.trim() === '') return parsed;
    parsed.push(await parse(next.value));
  }
}
