/** etcdctl's language of transactions, line by line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandFailure } from '../../../src/cli/client/command-failure.ts';
import { parseComparison, parseOperation, wordsOf } from '../../../src/cli/client/transaction-language.ts';

test('comparisons: every target by its names, every operator', () => {
  const cases: readonly (readonly [line: string, expected: object])[] = [
    ['version("k") = "1"', { target: 0, result: 0, version: 1 }],
    ['ver("k") > "1"', { target: 0, result: 1, version: 1 }],
    ['create("k") < "2"', { target: 1, result: 2, create_revision: 2 }],
    ['c("k") != "0"', { target: 1, result: 3, create_revision: 0 }],
    ['mod("k") = "3"', { target: 2, result: 0, mod_revision: 3 }],
    ['m("k") = "3"', { target: 2, result: 0, mod_revision: 3 }],
    ['value("k") = "a b"', { target: 3, result: 0, value: 'a b' }],
    [String.raw`val("k") = "q\"\n\x41"`, { target: 3, result: 0, value: 'q"\nA' }],
    ['lease("k") = "1f"', { target: 4, result: 0, lease: '000000000000001f' }],
    ['lease("k") = "0"', { target: 4, result: 0, lease: '' }],
  ];
  for (const [line, expected] of cases) {
    const parsed = parseComparison(line);
    assert.deepEqual(parsed, { ...parsed, ...expected, key: 'k' }, line);
  }
});

test('what is wrong with a line: exit code 3, the line, and what is right', async () => {
  const comparisons: readonly (readonly [line: string, words: RegExp])[] = [
    ['bad', /^malformed comparison: bad\. One looks like/],
    ['foo("k") = "1"', /\(unknown target foo: it is version,/],
    ['toString("k") = "1"', /unknown target/],
    ['mod("k") ! "0"', /\(unknown operator !: it is =/],
    ['mod("k") > "x"', /^invalid txn compare request: mod\("k"\) > "x" \("x" is no whole number\)/],
    ['lease("k") = "xyz"', /a lease is hexadecimal/],
  ];
  for (const [line, words] of comparisons)
    assert.throws(() => parseComparison(line), refusal(3, words), line);
  const operations: readonly (readonly [line: string, exitCode: number, words: RegExp])[] = [
    ['frob k', 3, /^invalid txn request: frob k\. One begins with get, put or del$/],
    ['get k --bad', 3, /^invalid txn request: get k --bad \(unknown flag: --bad\)/],
    ['put k', 128, /^put command needs 1 argument and input from stdin or 2 arguments/],
    ['put k v --lease=zz', 128, /^bad lease ID "zz", expecting ID in Hex/],
    ['get a b --prefix', 128, /^too many arguments/],
  ];
  for (const [line, exitCode, words] of operations)
    await assert.rejects(parseOperation(line), refusal(exitCode, words), line);
});

function refusal(exitCode: number, words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof CommandFailure && error.exitCode === exitCode && words.test(error.message);
}

test('operations have the flags of their commands', async () => {
  const { request_range: range } = await parseOperation(
    'get a --prefix --limit=3 --sort-by=value --order descend',
  );
  assert.deepEqual(
    {
      key: range?.key,
      end: range?.range_end,
      limit: range?.limit,
      target: range?.sort_target,
      order: range?.sort_order,
    },
    { key: 'a', end: 'b', limit: 3, target: 4, order: 2 },
  );
  const { request_put: put } = await parseOperation(`put "a b" 'it"s' --lease 1f --prev-kv`);
  assert.deepEqual(
    { key: put?.key, value: put?.value, lease: put?.lease, previous: put?.prev_kv },
    { key: 'a b', value: 'it"s', lease: '000000000000001f', previous: true },
  );
  const { request_delete_range: del } = await parseOperation('del a c');
  assert.deepEqual({ key: del?.key, end: del?.range_end }, { key: 'a', end: 'c' });
});

test('words', () => {
  assert.deepEqual(wordsOf(String.raw`put  "a\tb" 'c d' e"f `), ['put', 'a\tb', 'c d', 'e"f']);
});
