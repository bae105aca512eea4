/** Merged spans against the same question asked key by key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_AFTER, type KeySpan, key } from '@synod/coordination';
import fc from 'fast-check';
import { MergedSpans } from '../../src/auth/merged-spans.ts';

/** Two letters and the zero byte, which is where keys are closest together. */
const LETTERS = ['\0', 'a', 'b'] as const;
const words = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 2 });
const ends = fc.oneof(fc.constant(undefined), fc.constant(ALL_AFTER), words.map(key));
const spans: fc.Arbitrary<KeySpan> = fc.record({ from: words.map(key), to: ends });

/** Every key up to three letters: one more than any bound has, so that no gap between bounds is without a key. */
const KEYS = allWords(3);

function allWords(length: number): string[] {
  const shorter = length === 1 ? [''] : ['', ...allWords(length - 1)];
  const all = shorter.flatMap((word) => LETTERS.map((letter) => word + letter));
  return [...new Set(all)].sort();
}

function holds({ from, to }: KeySpan, word: string): boolean {
  if (to === undefined) return word === from;
  return word >= from && (to === ALL_AFTER || word < to);
}

test('A6 a span is covered exactly where every key of it is in one of the others', () => {
  fc.assert(
    fc.property(fc.array(spans, { maxLength: 5 }), spans, (granted, asked) => {
      const within = KEYS.filter((word) => holds(asked, word));
      fc.pre(within.length > 0);
      // Where a span has no end, keys beyond all that are listed are in it, too.
      const toTheEnd = asked.to !== ALL_AFTER || granted.some(({ to }) => to === ALL_AFTER);
      const expected = toTheEnd && within.every((word) => granted.some((span) => holds(span, word)));
      assert.equal(new MergedSpans(granted).covers(asked), expected);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test('A6 a right to one key is none to what begins there', () => {
  const one = new MergedSpans([{ from: key('a'), to: undefined }]);
  assert.equal(one.covers({ from: key('a'), to: undefined }), true);
  for (const to of ['b', 'a\0\0', ALL_AFTER])
    assert.equal(one.covers({ from: key('a'), to: key(to) }), false);
});

test('A6 of a span that holds no key, the key that it begins with counts', () => {
  const some = new MergedSpans([{ from: key('b'), to: key('d') }]);
  assert.equal(some.covers({ from: key('c'), to: key('a') }), true);
  assert.equal(some.covers({ from: key('d'), to: key('a') }), false);
  assert.equal(
    new MergedSpans([{ from: key('b'), to: key('a') }]).covers({ from: key('b'), to: undefined }),
    false,
  );
});
