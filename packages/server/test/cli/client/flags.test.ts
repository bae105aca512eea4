/** The grammar of the client commands' flags, and their environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../../src/cli/client/environment.ts';
import {
  booleanFlag,
  durationFlag,
  FlagProblem,
  flagValues,
  numberFlag,
  readFlags,
  textFlag,
  wordsBesideFlags,
} from '../../../src/cli/client/flags.ts';

const FLAGS = {
  prefix: booleanFlag(''),
  listen: booleanFlag('', { short: 'l' }),
  'write-out': textFlag('', { default: 'simple', short: 'w' }),
  rev: numberFlag(''),
  'dial-timeout': durationFlag('', { default: 2000 }),
};

function read(line: string) {
  const { given, words, afterDashes } = readFlags(line === '' ? [] : line.split(' '), FLAGS);
  return { given: Object.fromEntries(given), words, afterDashes };
}

test('flags stand anywhere before --, with or without an equals sign, by name or letter', () => {
  const cases: readonly (readonly [line: string, expected: ReturnType<typeof read>])[] = [
    ['', { given: {}, words: [], afterDashes: undefined }],
    ['a --prefix b', { given: { prefix: true }, words: ['a', 'b'], afterDashes: undefined }],
    ['--prefix=false a', { given: { prefix: false }, words: ['a'], afterDashes: undefined }],
    ['-w json a', { given: { 'write-out': 'json' }, words: ['a'], afterDashes: undefined }],
    ['-w=json -l', { given: { 'write-out': 'json', listen: true }, words: [], afterDashes: undefined }],
    ['-lwjson', { given: { 'write-out': 'json', listen: true }, words: [], afterDashes: undefined }],
    ['--rev=-1', { given: { rev: -1 }, words: [], afterDashes: undefined }],
    ['--rev 0x10', { given: { rev: 16 }, words: [], afterDashes: undefined }],
    ['--dial-timeout 1m30s', { given: { 'dial-timeout': 90_000 }, words: [], afterDashes: undefined }],
    ['a -- --prefix -5', { given: {}, words: ['a'], afterDashes: ['--prefix', '-5'] }],
    ['a -', { given: {}, words: ['a', '-'], afterDashes: undefined }],
    ['a --', { given: {}, words: ['a'], afterDashes: [] }],
  ];
  for (const [line, expected] of cases) assert.deepEqual(read(line), expected, line);
});

test('what is wrong with a flag is said with its name', () => {
  const cases: readonly (readonly [line: string, words: RegExp])[] = [
    ['--prefx', /^unknown flag: --prefx$/],
    ['--toString', /^unknown flag: --toString$/],
    ['a -5', /unknown shorthand flag: '5' in -5. A word that begins with - goes behind --/],
    ['--rev', /^--rev needs a value$/],
    ['--rev x', /^--rev takes a whole number, not "x"$/],
    ['--rev 9007199254740993', /^--rev takes a whole number/],
    ['--prefix=maybe', /^--prefix is true or false, not "maybe"$/],
    ['--dial-timeout 5', /^--dial-timeout takes a duration such as 5s or 500ms, not "5"$/],
  ];
  for (const [line, words] of cases)
    assert.throws(
      () => read(line),
      (error) => error instanceof FlagProblem && words.test(error.message),
      line,
    );
});

test('a flag that is not given has its default', () => {
  assert.deepEqual(flagValues(FLAGS, new Map([['rev', 7]])), {
    prefix: false,
    listen: false,
    'write-out': 'simple',
    rev: 7,
    'dial-timeout': 2000,
  });
});

test('the command is found behind flags and their values', () => {
  assert.deepEqual(wordsBesideFlags(['--write-out', 'json', 'lease', '--unknown', 'list'], FLAGS), [2, 4]);
  assert.deepEqual(wordsBesideFlags(['-w', 'json', 'get', '--', 'x'], FLAGS), [2]);
});

test('the environment gives flags, warns of what it does not know, and never overrides the line in silence', () => {
  const environment = {
    ETCDCTL_WRITE_OUT: 'json',
    ETCDCTL_API: '3',
    ETCDCTL_FOO: 'x',
    ETCD_NAME: 'm1',
    PATH: '/',
  };
  assert.deepEqual(readEnvironment(environment, FLAGS, new Set()), {
    given: new Map([['write-out', 'json']]),
    warnings: ['unrecognized environment variable ETCDCTL_FOO=x'],
    conflict: undefined,
  });
  assert.equal(readEnvironment(environment, FLAGS, new Set(['write-out'])).conflict, 'ETCDCTL_WRITE_OUT');
  assert.throws(() => readEnvironment({ ETCDCTL_REV: 'x' }, FLAGS, new Set()), FlagProblem);
});
