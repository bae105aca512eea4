/** What to watch, and what to run for each event: from the words of the command line, or a line of interactive mode. */
import type { WatchCreateRequest } from '../../client/messages/watch.ts';
import { badArguments } from './command-failure.ts';
import { booleanFlag, type FlagValues, numberFlag } from './flags.ts';
import { bytesOf, rangeOf } from './key-range.ts';

export const WATCH_FLAGS = {
  prefix: booleanFlag('every key that begins with the key'),
  rev: numberFlag('from this revision on; 0: from now on'),
  'prev-kv': booleanFlag('show what was there before each event'),
  'progress-notify': booleanFlag('let the server say now and then how far it is'),
};

export interface WatchWords {
  readonly words: readonly string[];
  /** Of those, the ones before `--`. */
  readonly wordsBeforeDashes: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws CommandFailure */
export function watchArguments(
  { words, wordsBeforeDashes, environment }: WatchWords,
  flags: FlagValues<typeof WATCH_FLAGS>,
): { readonly request: Partial<WatchCreateRequest>; readonly program: readonly string[] } {
  const named = words.slice(0, wordsBeforeDashes);
  const program = wordsBeforeDashes === undefined ? [] : words.slice(wordsBeforeDashes);
  if (wordsBeforeDashes !== undefined && program.length === 0)
    throw badArguments('bad number of arguments (found separator --, but no commands)');
  const variable = environment['ETCDCTL_WATCH_KEY'];
  const [key, end, ...more] =
    named.length > 0 || variable === undefined || variable === ''
      ? named
      : [variable, ...definedOf(environment['ETCDCTL_WATCH_RANGE_END'])];
  if (key === undefined || more.length > 0)
    throw badArguments(
      'bad number of arguments: watch takes a key, perhaps the end of a range, and behind -- a command',
    );
  if (flags.prefix && end !== undefined)
    throw badArguments('`range_end` and `--prefix` are mutually exclusive');
  return {
    request: {
      ...rangeOf(bytesOf(key), bytesOf(end ?? ''), { isPrefix: flags.prefix, isFromKey: false }),
      start_revision: flags.rev,
      prev_kv: flags['prev-kv'],
      progress_notify: flags['progress-notify'],
    },
    program,
  };
}

function definedOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : [text];
}
