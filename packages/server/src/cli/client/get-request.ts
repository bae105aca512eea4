/** The words and flags of `get` as a request: for the command, and for the language of transactions. */
import type { RangeRequest } from '../../client/messages/key-value.ts';
import { badArguments, CommandFailure } from './command-failure.ts';
import { EXIT_BAD_FEATURE } from './exit-codes.ts';
import { booleanFlag, type FlagValues, numberFlag, textFlag } from './flags.ts';
import { bytesOf, rangeOf } from './key-range.ts';

export const ORDERS = ['NONE', 'ASCEND', 'DESCEND'] as const;
/** By number. */
export const SORT_TARGETS = ['KEY', 'VERSION', 'CREATE', 'MODIFY', 'VALUE'] as const;

export const GET_FLAGS = {
  consistency: textFlag('l: linearizable; s: serializable, from the member that is asked', {
    default: 'l',
    choices: ['l', 's'],
  }),
  order: textFlag('of the answers', { choices: ['ASCEND', 'DESCEND'] }),
  'sort-by': textFlag('what to order by', { choices: [...SORT_TARGETS] }),
  limit: numberFlag('at most so many; 0: all'),
  prefix: booleanFlag('every key that begins with the key'),
  'from-key': booleanFlag('every key from the key on'),
  rev: numberFlag('as it was at this revision'),
  'keys-only': booleanFlag('without the values'),
  'count-only': booleanFlag('only how many there are'),
  'print-value-only': booleanFlag('values and nothing else, with `-w simple`'),
  'min-create-rev': numberFlag('created at this revision or later'),
  'max-create-rev': numberFlag('created at this revision or before'),
  'min-mod-rev': numberFlag('last changed at this revision or later'),
  'max-mod-rev': numberFlag('last changed at this revision or before'),
};

/** @throws CommandFailure */
export function rangeRequestOf(
  words: readonly string[],
  flags: FlagValues<typeof GET_FLAGS>,
): Partial<RangeRequest> {
  const [key, end] = words;
  if (key === undefined || words.length > 2)
    throw badArguments('get command needs one argument as key and an optional argument as range_end');
  const options = { isPrefix: flags.prefix, isFromKey: flags['from-key'] };
  refuseBoth(options);
  if (end !== undefined && (options.isPrefix || options.isFromKey))
    throw badArguments('too many arguments, only accept one argument when `--prefix` or `--from-key` is set');
  if (flags['keys-only'] && flags['count-only'])
    throw badArguments('`--keys-only` and `--count-only` cannot be set at the same time, choose one');
  return {
    ...rangeOf(bytesOf(key), bytesOf(end ?? ''), options),
    limit: flags.limit,
    revision: flags.rev,
    ...orderOf(flags),
    serializable: isSerializable(flags.consistency),
    keys_only: flags['keys-only'],
    count_only: flags['count-only'],
    min_mod_revision: flags['min-mod-rev'],
    max_mod_revision: flags['max-mod-rev'],
    min_create_revision: flags['min-create-rev'],
    max_create_revision: flags['max-create-rev'],
  };
}

/** @throws CommandFailure */
export function refuseBoth({ isPrefix, isFromKey }: { isPrefix: boolean; isFromKey: boolean }): void {
  if (isPrefix && isFromKey)
    throw badArguments('`--prefix` and `--from-key` cannot be set at the same time, choose one');
}

function isSerializable(consistency: string): boolean {
  if (consistency === 's') return true;
  if (consistency === 'l') return false;
  throw new CommandFailure(
    EXIT_BAD_FEATURE,
    `unknown consistency flag ${JSON.stringify(consistency)}: it is l or s`,
  );
}

function orderOf(flags: FlagValues<typeof GET_FLAGS>): Pick<RangeRequest, 'sort_order' | 'sort_target'> {
  const target = numberOf('sort target', flags['sort-by'], SORT_TARGETS);
  let order = numberOf('sort order', flags.order, ORDERS);
  // A target without an order means the ascending one; keys come ascending anyhow, and the server is spared a sort.
  if (order === 0 && target !== 0) order = ORDERS.indexOf('ASCEND');
  const isKeyOrder = target === 0 && order === ORDERS.indexOf('ASCEND');
  return { sort_order: isKeyOrder ? 0 : order, sort_target: target };
}

function numberOf(what: string, word: string, names: readonly string[]): number {
  if (word === '') return 0;
  const number = names.indexOf(word.toUpperCase());
  if (number < 0)
    throw new CommandFailure(
      EXIT_BAD_FEATURE,
      `bad ${what} ${word}: it is ${names.filter((name) => name !== 'NONE').join(', ')}`,
    );
  return number;
}
