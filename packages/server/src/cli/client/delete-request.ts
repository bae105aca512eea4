/** The words and flags of `del` as a request: for the command, and for the language of transactions. */
import type { DeleteRangeRequest } from '../../client/messages/key-value.ts';
import { badArguments } from './command-failure.ts';
import { booleanFlag, type FlagValues } from './flags.ts';
import { refuseBoth } from './get-request.ts';
import { bytesOf, rangeOf } from './key-range.ts';

export const DEL_FLAGS = {
  prefix: booleanFlag('every key that begins with the key'),
  'from-key': booleanFlag('every key from the key on'),
  range: booleanFlag('delete a range of keys, whose end is the second argument'),
  'prev-kv': booleanFlag('show what was deleted'),
};

/** @throws CommandFailure */
export function deleteRequestOf(
  words: readonly string[],
  flags: FlagValues<typeof DEL_FLAGS>,
): Partial<DeleteRangeRequest> {
  const [key, end] = words;
  if (key === undefined || words.length > 2)
    throw badArguments('del command needs one argument as key and an optional argument as range_end');
  const options = { isPrefix: flags.prefix, isFromKey: flags['from-key'] };
  refuseBoth(options);
  if (end !== undefined && (options.isPrefix || options.isFromKey))
    throw badArguments('too many arguments, only accept one argument when `--prefix` or `--from-key` is set');
  if (flags.range && end === undefined)
    throw badArguments('--range needs a second argument, the end of the range');
  return { ...rangeOf(bytesOf(key), bytesOf(end ?? ''), options), prev_kv: flags['prev-kv'] };
}
