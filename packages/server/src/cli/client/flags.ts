/**
 * Flags as etcdctl takes them, and their grammar: `--name value`, `--name=value`, `-n value`, `-nvalue`, anywhere before
 * `--`. A command's flags are a table, which this file reads a command line by and help and completion are made from.
 */
import { parseDuration } from '../../config/durations.ts';

interface FlagKinds {
  readonly boolean: boolean;
  readonly text: string;
  /** A whole number. */
  readonly number: number;
  /** Milliseconds; written as Go writes them. */
  readonly duration: number;
}
type FlagKind = keyof FlagKinds;

export interface Flag<Kind extends FlagKind = FlagKind> {
  readonly kind: Kind;
  readonly default: FlagKinds[Kind];
  readonly help: string;
  /** One letter. */
  readonly short?: string;
  readonly choices?: readonly string[];
}
export type Flags = Readonly<Record<string, Flag>>;
export type FlagValues<Given> = {
  readonly [Name in keyof Given]: Given[Name] extends Flag<infer Kind> ? FlagKinds[Kind] : never;
};

type More = Pick<Flag, 'short' | 'choices'>;

export const booleanFlag = (
  help: string,
  given: More & { readonly default?: boolean } = {},
): Flag<'boolean'> => ({
  default: false,
  ...given,
  kind: 'boolean',
  help,
});
export const textFlag = (help: string, given: More & { readonly default?: string } = {}): Flag<'text'> => ({
  default: '',
  ...given,
  kind: 'text',
  help,
});
export const numberFlag = (
  help: string,
  given: More & { readonly default?: number } = {},
): Flag<'number'> => ({
  default: 0,
  ...given,
  kind: 'number',
  help,
});
export const durationFlag = (help: string, given: More & { readonly default: number }): Flag<'duration'> => ({
  ...given,
  kind: 'duration',
  help,
});

/** What is wrong with a command line; the text names the flag. */
export class FlagProblem extends Error {
  override readonly name = 'FlagProblem';
  /** Set where nobody knows the flag. */
  readonly unknown: string | undefined;

  constructor(message: string, unknown?: string) {
    super(message);
    this.unknown = unknown;
  }
}

export interface ReadLine {
  /** Only flags that were given, by their long names. */
  readonly given: ReadonlyMap<string, FlagKinds[FlagKind]>;
  readonly words: readonly string[];
  /** What stands behind `--`; undefined without one. */
  readonly afterDashes: readonly string[] | undefined;
}

/** @throws FlagProblem */
export function readFlags(line: readonly string[], flags: Flags): ReadLine {
  const given = new Map<string, FlagKinds[FlagKind]>();
  const words: string[] = [];
  let at = 0;
  const take = (name: string, flag: Flag, attached: string | undefined): void => {
    if (attached !== undefined) given.set(name, readValue(name, flag, attached));
    else if (flag.kind === 'boolean') given.set(name, true);
    else if (at < line.length) given.set(name, readValue(name, flag, line[at++]!));
    else throw new FlagProblem(`--${name} needs a value`);
  };
  while (at < line.length) {
    const word = line[at++]!;
    if (word === '--') return { given, words, afterDashes: line.slice(at) };
    if (word.startsWith('--')) {
      const { name, attached } = splitLong(word);
      take(name, flagNamed(flags, name), attached);
    } else if (word.startsWith('-') && word.length > 1) {
      for (let letter = 1; letter < word.length; letter++) {
        const [name, flag] = flagWithLetter(flags, word[letter]!, word);
        const rest = word.slice(letter + 1);
        if (rest.startsWith('=')) take(name, flag, rest.slice(1));
        else if (flag.kind === 'boolean') {
          take(name, flag, undefined);
          continue;
        } else take(name, flag, rest === '' ? undefined : rest);
        break;
      }
    } else words.push(word);
  }
  return { given, words, afterDashes: undefined };
}

/** The words of a line that are no flags, as far as these flags tell: enough to find the command that knows the others. */
export function wordsBesideFlags(line: readonly string[], flags: Flags): readonly number[] {
  const places: number[] = [];
  for (let at = 0; at < line.length; at++) {
    const word = line[at]!;
    if (word === '--') break;
    if (!word.startsWith('-') || word === '-') {
      places.push(at);
      continue;
    }
    const flag = word.startsWith('--')
      ? new Map(Object.entries(flags)).get(word.slice(2))
      : Object.values(flags).find(({ short }) => `-${short}` === word);
    if (flag !== undefined && flag.kind !== 'boolean') at++;
  }
  return places;
}

/** Every flag, at its default where it was not given. */
export function flagValues<Given extends Flags>(
  flags: Given,
  given: ReadonlyMap<string, FlagKinds[FlagKind]>,
): FlagValues<Given> {
  const values = Object.entries(flags).map(([name, flag]) => [name, given.get(name) ?? flag.default]);
  return Object.fromEntries(values) as FlagValues<Given>;
}

/** @throws FlagProblem */
export function readValue(name: string, flag: Flag, text: string): FlagKinds[FlagKind] {
  switch (flag.kind) {
    case 'boolean': {
      if (/^(1|t|true)$/i.test(text)) return true;
      if (/^(0|f|false)$/i.test(text)) return false;
      throw new FlagProblem(`--${name} is true or false, not ${JSON.stringify(text)}`);
    }
    case 'number': {
      const value = /^[+-]?(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
      if (Number.isSafeInteger(value)) return value;
      throw new FlagProblem(`--${name} takes a whole number, not ${JSON.stringify(text)}`);
    }
    case 'duration': {
      const value = parseDuration(text);
      if (value !== undefined) return value;
      throw new FlagProblem(`--${name} takes a duration such as 5s or 500ms, not ${JSON.stringify(text)}`);
    }
    case 'text':
      return text;
  }
}

function splitLong(word: string): { name: string; attached: string | undefined } {
  const equals = word.indexOf('=');
  if (equals < 0) return { name: word.slice(2), attached: undefined };
  return { name: word.slice(2, equals), attached: word.slice(equals + 1) };
}

function flagNamed(flags: Flags, name: string): Flag {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) throw new FlagProblem(`unknown flag: --${name}`, name);
  return flag;
}

function flagWithLetter(flags: Flags, letter: string, word: string): [string, Flag] {
  const found = Object.entries(flags).find(([, { short }]) => short === letter);
  if (found === undefined)
    throw new FlagProblem(
      `unknown shorthand flag: '${letter}' in ${word}. A word that begins with - goes behind --`,
    );
  return found;
}
