/**
 * etcdctl's language of transactions: lines of comparisons, a blank line, lines of what is done if all hold, a blank line,
 * lines of what is done otherwise, a blank line. Knows no terminal.
 */
import { type LeaseId, NO_LEASE } from '@synod/coordination/machine/values.ts';
import { type Compare, compare, type RequestOperation } from '../../client/messages/key-value.ts';
import { RPC } from '../../client/rpc.ts';
import { CommandFailure } from './command-failure.ts';
import { DEL_FLAGS, deleteRequestOf } from './delete-request.ts';
import { EXIT_INVALID_INPUT } from './exit-codes.ts';
import { FlagProblem, type Flags, flagValues, readFlags } from './flags.ts';
import { GET_FLAGS, rangeRequestOf } from './get-request.ts';
import { bytesOf } from './key-range.ts';
import { leaseIdOf, PUT_FLAGS, putRequestOf } from './put-request.ts';

/** By number. */
const RESULTS = ['=', '>', '<', '!='];
const TARGETS: Readonly<Record<string, { readonly target: number; readonly operand: keyof Compare }>> = {
  version: { target: 0, operand: 'version' },
  ver: { target: 0, operand: 'version' },
  create: { target: 1, operand: 'create_revision' },
  c: { target: 1, operand: 'create_revision' },
  mod: { target: 2, operand: 'mod_revision' },
  m: { target: 2, operand: 'mod_revision' },
  value: { target: 3, operand: 'value' },
  val: { target: 3, operand: 'value' },
  lease: { target: 4, operand: 'lease' },
};

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
const COMPARISON = new RegExp(String.raw`^\s*([^(]*)\(\s*${QUOTED}\s*\)\s+(\S+)\s+${QUOTED}\s*$`);

/** `mod("key") > "5"`. @throws CommandFailure */
export function parseComparison(line: string): Compare {
  const [, name, key, operator, operand] = COMPARISON.exec(line) ?? [];
  if (name === undefined)
    throw invalid(`malformed comparison: ${line}. One looks like mod("key") > "5" or value("key") = "text"`);
  const target = Object.hasOwn(TARGETS, name) ? TARGETS[name]! : undefined;
  if (target === undefined)
    throw invalid(
      `malformed comparison: ${line} (unknown target ${name}: it is version, create, mod, value or lease)`,
    );
  const result = RESULTS.indexOf(operator!);
  if (result < 0)
    throw invalid(`malformed comparison: ${line} (unknown operator ${operator}: it is =, !=, < or >)`);
  return {
    ...compare.empty(),
    result,
    target: target.target,
    key: bytesOf(unquoted(key!)),
    [target.operand]: operandOf(target.operand, unquoted(operand!), line),
  };
}

function operandOf(operand: keyof Compare, text: string, line: string): string | number | LeaseId {
  switch (operand) {
    case 'value':
      return bytesOf(text);
    case 'lease': {
      const lease = text === '0' ? NO_LEASE : leaseIdOf(text);
      if (lease === undefined) throw invalid(`invalid txn compare request: ${line} (a lease is hexadecimal)`);
      return lease;
    }
    default: {
      const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(number))
        throw invalid(`invalid txn compare request: ${line} (${JSON.stringify(text)} is no whole number)`);
      return number;
    }
  }
}

/** `put key value`, `get key --prefix`, `del key`. @throws CommandFailure */
export async function parseOperation(line: string): Promise<RequestOperation> {
  const [verb, ...rest] = wordsOf(line);
  const none = { request_range: undefined, request_put: undefined, request_delete_range: undefined };
  switch (verb) {
    case 'get': {
      const { words, flags } = read(GET_FLAGS, rest, line);
      const request = rangeRequestOf(words, flags);
      return { ...none, request_range: { ...RPC.range.request.empty(), ...request } };
    }
    case 'put': {
      const { words, flags } = read(PUT_FLAGS, rest, line);
      const request = await putRequestOf(words, flags, undefined);
      return { ...none, request_put: { ...RPC.put.request.empty(), ...request } };
    }
    case 'del': {
      const { words, flags } = read(DEL_FLAGS, rest, line);
      const request = deleteRequestOf(words, flags);
      return { ...none, request_delete_range: { ...RPC.deleteRange.request.empty(), ...request } };
    }
    default:
      throw invalid(`invalid txn request: ${line}. One begins with get, put or del`);
  }
}

function read<Given extends Flags>(flags: Given, line: readonly string[], whole: string) {
  try {
    const { given, words, afterDashes } = readFlags(line, flags);
    return { words: [...words, ...(afterDashes ?? [])], flags: flagValues(flags, given) };
  } catch (error) {
    if (!(error instanceof FlagProblem)) throw error;
    throw invalid(`invalid txn request: ${whole} (${error.message})`);
  }
}

/** A line in words; a quoted word may have spaces, and in double quotes escapes. */
export function wordsOf(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\s]\S*/g) ?? [];
  return words.map((word) => {
    if (word.startsWith('"')) return unquoted(word.slice(1, -1));
    return word.startsWith("'") ? word.slice(1, -1) : word;
  });
}

const ESCAPED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unquoted(text: string): string {
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{3})|(.))/gis,
    (_, byte, short, long, octal, character) => {
      const hex: string | undefined = byte ?? short ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPED[character as string] ?? (character as string);
    },
  );
}

function invalid(text: string): CommandFailure {
  return new CommandFailure(EXIT_INVALID_INPUT, text);
}
