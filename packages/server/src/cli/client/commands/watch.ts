/** `synod watch`. */
import { EVENT_DELETE, type Event, type WatchResponse } from '../../../client/messages/watch.ts';
import { Watcher } from '../../../client/watcher.ts';
import { type CommandContext, clientCommand } from '../client-command.ts';
import { CommandFailure } from '../command-failure.ts';
import {
  EXIT_BY_SIGNAL,
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_INTERRUPTED,
  EXIT_INVALID_INPUT,
} from '../exit-codes.ts';
import { booleanFlag, FlagProblem, flagValues, readFlags } from '../flags.ts';
import { inputLines } from '../input-lines.ts';
import { runProgram } from '../run-program.ts';
import { wordsOf } from '../transaction-language.ts';
import { WATCH_FLAGS, watchArguments } from '../watch-arguments.ts';
import { goQuote } from '../writers/go-formats.ts';

const FLAGS = {
  ...WATCH_FLAGS,
  interactive: booleanFlag('read lines of `watch …` and `progress` from standard input', { short: 'i' }),
};

export const watch = clientCommand({
  usage: '[options] <key> [range_end] [-- command arguments…]',
  description: `The command behind -- runs once an event, with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and
ETCD_WATCH_VALUE in its environment, the last three in quotes. The key may come from ETCDCTL_WATCH_KEY, the end of the
range from ETCDCTL_WATCH_RANGE_END. A watch goes on at another member when its own is lost.`,
  flags: FLAGS,
  examples: [
    'synod watch --prefix config/',
    'synod watch --prefix config/ --rev 1           the whole history that is kept, and then on',
    "synod watch door -- sh -c 'echo $ETCD_WATCH_EVENT_TYPE'",
    'synod watch -i',
  ],
  async run(context) {
    if (context.flags.interactive) return await interactive(context);
    const { request, program } = watchArguments(context, context.flags);
    await follow(context, new Watcher(context.client, request), program);
    if (context.terminal.interrupted.aborted) return EXIT_BY_SIGNAL;
    throw new CommandFailure(EXIT_INTERRUPTED, 'watch is canceled by the server');
  },
});

type Context = CommandContext<typeof FLAGS>;

/** Prints what comes until the server ends it, or Ctrl-C. */
async function follow(context: Context, watcher: Watcher, program: readonly string[]): Promise<void> {
  const { print, say, terminal } = context;
  watcher.closeAt(terminal.interrupted);
  for await (const answer of watcher.answers()) {
    if (answer.canceled) {
      terminal.error(`watch was canceled (${cancelText(answer)})\n`);
      return;
    }
    if (answer.events.length === 0) say(`progress notify: ${answer.header?.revision ?? 0}\n`);
    await print('watch', answer);
    if (program.length > 0) for (const event of answer.events) await runFor(event, answer, program);
  }
}

const COMPACTED = 'etcdserver: mvcc: required revision has been compacted';

function cancelText({ cancel_reason, compact_revision }: WatchResponse): string {
  if (compact_revision > 0) return COMPACTED;
  return cancel_reason === '' ? 'the server gives no reason' : cancel_reason;
}

async function runFor(event: Event, answer: WatchResponse, program: readonly string[]): Promise<void> {
  const code = await runProgram(program, {
    ETCD_WATCH_REVISION: String(answer.header?.revision ?? 0),
    ETCD_WATCH_EVENT_TYPE: event.type === EVENT_DELETE ? '"DELETE"' : '"PUT"',
    ETCD_WATCH_KEY: goQuote(event.kv?.key ?? ''),
    ETCD_WATCH_VALUE: goQuote(event.kv?.value ?? ''),
  });
  if (code !== 0)
    throw new CommandFailure(EXIT_FAILED, `command ${JSON.stringify(program)} error (exit status ${code})`);
}

/** Each line begins another watch; all go on until standard input ends. */
async function interactive(context: Context): Promise<number> {
  const { terminal, client, environment } = context;
  const watchers = new Set<Watcher>();
  const failures: unknown[] = [];
  for await (const line of inputLines(terminal.stdin)) {
    const [verb, ...rest] = wordsOf(line);
    if (verb === 'progress') {
      for (const watcher of watchers) watcher.requestProgress();
      continue;
    }
    if (verb !== 'watch') {
      terminal.error(`Invalid command ${line} (only support watch and progress)\n`);
      continue;
    }
    try {
      const { given, words, afterDashes } = readFlags(rest, WATCH_FLAGS);
      const { request, program } = watchArguments(
        {
          words: [...words, ...(afterDashes ?? [])],
          wordsBeforeDashes: afterDashes === undefined ? undefined : words.length,
          environment,
        },
        flagValues(WATCH_FLAGS, given),
      );
      const watcher = new Watcher(client, request);
      watchers.add(watcher);
      follow(context, watcher, program)
        .catch((error: unknown) => failures.push(error))
        .finally(() => watchers.delete(watcher));
    } catch (error) {
      if (!(error instanceof FlagProblem) && !(error instanceof CommandFailure)) throw error;
      terminal.error(`Invalid command ${line} (${error.message})\n`);
    }
    if (failures.length > 0) throw failures[0];
  }
  if (terminal.isInteractive) return EXIT_DONE;
  throw new CommandFailure(EXIT_INVALID_INPUT, 'Error reading watch request line: EOF');
}
