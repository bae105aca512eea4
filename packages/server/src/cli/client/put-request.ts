/** The words and flags of `put` as a request: for the command, and for the language of transactions. */
import { type LeaseId, leaseId, NO_LEASE } from '@synod/coordination/machine/values.ts';
import type { PutRequest } from '../../client/messages/key-value.ts';
import { badArguments } from './command-failure.ts';
import { booleanFlag, type FlagValues, textFlag } from './flags.ts';
import { bytesOf } from './key-range.ts';

export const PUT_FLAGS = {
  lease: textFlag('the lease the key ends with, in hexadecimal', { default: '0' }),
  'prev-kv': booleanFlag('show what was there before'),
  'ignore-value': booleanFlag('keep the value, and change only the rest'),
  'ignore-lease': booleanFlag('keep the lease'),
};

/** `stdin`: undefined where there is none to read a value from. @throws CommandFailure */
export async function putRequestOf(
  words: readonly string[],
  flags: FlagValues<typeof PUT_FLAGS>,
  stdin: AsyncIterable<Uint8Array> | undefined,
): Promise<Partial<PutRequest>> {
  const [key, value] = words;
  if (key === undefined) throw badArguments(NEEDS_VALUE);
  if (flags['ignore-value'] && words.length > 1)
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set");
  if (words.length > 2) throw badArguments(`${NEEDS_VALUE}; ${words.length} were given`);
  const request = {
    key: bytesOf(key),
    lease: leaseOf(flags.lease),
    prev_kv: flags['prev-kv'],
    ignore_value: flags['ignore-value'],
    ignore_lease: flags['ignore-lease'],
  };
  if (flags['ignore-value']) return request;
  return { ...request, value: value === undefined ? await wholeOf(stdin) : bytesOf(value) };
}

const NEEDS_VALUE = 'put command needs 1 argument and input from stdin or 2 arguments';

function leaseOf(text: string): LeaseId {
  const id = leaseIdOf(text);
  if (id === undefined)
    throw badArguments(`bad lease ID ${JSON.stringify(text)}, expecting ID in Hex, as lease grant prints it`);
  return id;
}

/** Undefined where the text is no hexadecimal number of 63 bits. */
export function leaseIdOf(text: string): LeaseId | undefined {
  if (!/^[0-9a-f]+$/i.test(text)) return undefined;
  const number = BigInt(`0x${text}`);
  if (number >= 1n << 63n) return undefined;
  return number === 0n ? NO_LEASE : leaseId(number.toString(16).padStart(16, '0'));
}

async function wholeOf(stdin: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  if (stdin === undefined) throw badArguments(NEEDS_VALUE);
  const parts: Uint8Array[] = [];
  for await (const part of stdin) parts.push(part);
  // Nothing at all is no value: whoever means the empty one says so with ''.
  if (parts.length === 0) throw badArguments(NEEDS_VALUE);
  return Buffer.concat(parts).toString('latin1');
}
