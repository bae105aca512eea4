/** Who is right where hashes differ: a majority of all members, or nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberId } from '@synod/consensus';
import { verdictOf } from '../../../src/service/corruption-checks/verdict.ts';

/** Members a, b, c … with the hashes of the text, in turn; `?`: not known. */
function verdict(text: string): string {
  const sums = new Map(
    [...text]
      .map((hash, i) => [memberId('abcdefg'[i]!.padStart(16, '0')), hash] as const)
      .filter(([, hash]) => hash !== '?')
      .map(([member, hash]) => [member, Number(hash)]),
  );
  const result = verdictOf(sums, text.length);
  return result.kind === 'differing' ? result.members.map((id) => id.at(-1)).join('') : result.kind;
}

const CASES: readonly (readonly [string, string])[] = [
  ['1', 'same'],
  ['111', 'same'],
  ['1??', 'same'],
  ['112', 'c'],
  ['211', 'a'],
  ['123', 'undecided'],
  ['12?', 'undecided'],
  ['12', 'undecided'],
  ['1122', 'undecided'],
  ['1112', 'd'],
  ['11322', 'undecided'],
  ['11123', 'de'],
  ['11?2?', 'undecided'],
  ['11?21', 'd'],
];

for (const [hashes, expected] of CASES)
  test(`K2 ${hashes}: ${expected}`, () => assert.equal(verdict(hashes), expected));
