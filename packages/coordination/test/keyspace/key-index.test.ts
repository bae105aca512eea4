/** The index of keys against a sorted list, with enough keys that its blocks split, empty and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyIndex } from '../../src/keyspace/key-index.ts';
import { ALL_AFTER, type Key, type KeySpan, key } from '../../src/machine/values.ts';

const KEYS = 3000;
const keyAt = (at: number): Key => key(`k${String(at).padStart(5, '0')}`);
const first = { from: key('\0'), to: ALL_AFTER };

/** The keys of a span; that they are counted rightly is checked on the way. */
function found(index: KeyIndex, span: KeySpan): Key[] {
  const entries = [...index.entries(span)];
  const alive = entries.filter((entry) => entry.isAlive);
  assert.equal(index.countLive(span), alive.length);
  assert.deepEqual([...index.liveEntries(span)], alive);
  return entries.map((entry) => entry.key);
}

/** Every key once, in an order that depends on the step, which is prime to the number of keys. */
function filled(step: number): KeyIndex {
  const index = new KeyIndex();
  for (let i = 0; i < KEYS; i++) index.change(keyAt((i * step) % KEYS), i + 2, 0, 1, i + 2);
  return index;
}

function expected(gone: (at: number) => boolean, from = 0, to = KEYS): Key[] {
  return Array.from({ length: KEYS }, (_, at) => at)
    .filter((at) => at >= from && at < to && !gone(at))
    .map(keyAt);
}

for (const { order, step } of [
  { order: 'ascending', step: 1 },
  { order: 'descending', step: KEYS - 1 },
  { order: 'scattered', step: 1511 },
])
  test(`keys that come ${order} are all found, in order, in every span`, () => {
    const index = filled(step);
    assert.equal(index.size, KEYS);
    assert.deepEqual(
      found(index, first),
      expected(() => false),
    );
    const at = fc.nat({ max: KEYS });
    fc.assert(
      fc.property(at, at, (from, to) =>
        assert.deepEqual(
          found(index, { from: keyAt(from), to: keyAt(to) }),
          expected(() => false, from, to),
        ),
      ),
      { seed: 1, numRuns: 50 },
    );
  });

test('keys that are forgotten are gone from every span, whole blocks of them too, and can come again', () => {
  const index = filled(1511);
  const gone = (at: number): boolean => (at >= 500 && at < 1800) || at % 7 === 0;
  for (let at = 0; at < KEYS; at++) if (gone(at)) index.remove(index.get(keyAt(at))!);
  assert.deepEqual(found(index, first), expected(gone));
  assert.equal(index.size, expected(gone).length);
  assert.deepEqual(found(index, { from: keyAt(900), to: keyAt(1900) }), expected(gone, 900, 1900));
  for (let at = 0; at < KEYS; at++) if (gone(at)) index.change(keyAt(at), KEYS + at, 0, 1, KEYS + at);
  assert.deepEqual(
    found(index, first),
    expected(() => false),
  );
});

test('keys that are deleted and put again count as they are, in every span', () => {
  const index = filled(1511);
  const at = fc.nat({ max: KEYS });
  let revision = KEYS + 2;
  fc.assert(
    fc.property(at, at, fc.boolean(), (from, to, isPut) => {
      for (let i = from; i < to; i += 3) index.change(keyAt(i), revision++, 0, isPut ? 1 : 0, isPut ? 1 : 0);
      found(index, { from: keyAt(to >>> 1), to: keyAt(from + 700) });
      found(index, first);
    }),
    { seed: 2, numRuns: 50 },
  );
  assert.equal(index.countLive(first), index.liveCount);
});

test('an index that loses all its keys is as new', () => {
  const index = filled(1);
  for (let at = KEYS - 1; at >= 0; at--) index.remove(index.get(keyAt(at))!);
  assert.deepEqual(found(index, first), []);
  index.change(keyAt(5), 9, 0, 1, 9);
  assert.deepEqual(found(index, first), [keyAt(5)]);
});

test('what is loaded in the order of revisions is the same as what was changed one by one', () => {
  const loaded = new KeyIndex();
  for (let i = 0; i < KEYS; i++) loaded.load(keyAt((i * 1511) % KEYS), i + 2, 0, 1, i + 2);
  loaded.endLoading();
  loaded.change(key('k00000a'), KEYS + 2, 0, 1, KEYS + 2);
  const changed = filled(1511);
  changed.change(key('k00000a'), KEYS + 2, 0, 1, KEYS + 2);
  assert.deepEqual([...loaded.entries(first)], [...changed.entries(first)]);
  assert.equal(loaded.liveCount, changed.liveCount);
});
