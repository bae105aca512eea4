/** The tree of spans against a plain list of them, and its depth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL_AFTER, key } from '../../src/machine/values.ts';
import { SpanTree } from '../../src/watches/span-tree.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\xff'), minLength: 1, maxLength: 3 });

test('C13 the spans around a key are found, whatever was added and removed before', () => {
  const step = fc.record({
    isRemoval: fc.boolean(),
    from: word,
    to: fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: fc.constant(ALL_AFTER) }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), word, word, (steps, sought, other) => {
      const tree = new SpanTree<string>();
      const model = new Map<string, { from: string; to: string }>();
      for (const { isRemoval, from, to } of steps) {
        const name = `${from}..${to}`;
        if (isRemoval) {
          tree.remove(key(from), key(to));
          model.delete(name);
        } else if (!model.has(name)) {
          assert.equal(tree.get(key(from), key(to)), undefined);
          tree.add(key(from), key(to), name);
          model.set(name, { from, to });
        }
        assert.equal(tree.isEmpty, model.size === 0);
      }
      for (const [name, { from, to }] of model) assert.equal(tree.get(key(from), key(to)), name);
      const found: string[] = [];
      tree.collect(key(sought), found);
      const expected = [...model].filter(
        ([, { from, to }]) => from <= sought && (to === ALL_AFTER || sought < to),
      );
      assert.deepEqual(found.sort(), expected.map(([name]) => name).sort());
      const [first, last] = sought < other ? [sought, other] : [other, sought];
      const touched: string[] = [];
      tree.collectOverlapping(key(first), key(last), touched);
      const touching = [...model].filter(
        ([, { from, to }]) => from <= last && (to === ALL_AFTER || first < to),
      );
      assert.deepEqual(touched.sort(), touching.map(([name]) => name).sort());
    }),
    { seed: 1, numRuns: 500 },
  );
});

/** Orders that make a list, or a zigzag, of a tree that does not balance itself. */
const ORDERS: Readonly<Record<string, (i: number, count: number) => number>> = {
  ascending: (i) => i,
  descending: (i, count) => count - 1 - i,
  'inwards from the start': (i, count) => (i % 2 === 0 ? i / 2 : count - (i + 1) / 2),
  'inwards from the end': (i, count) => (i % 2 === 0 ? count - 1 - i / 2 : (i - 1) / 2),
};

/** The fewest spans that an AVL tree of a height can hold: each level needs the two below it and a root. */
function fewestAt(height: number): number {
  return height <= 0 ? 0 : fewestAt(height - 1) + fewestAt(height - 2) + 1;
}
const FEWEST = Array.from({ length: 25 }, (_, height) => fewestAt(height));

for (const [order, place] of Object.entries(ORDERS)) {
  test(`spans that come ${order} do not make a list: a walk stays short`, () => {
    const tree = new SpanTree<number>();
    const name = (i: number): string => String(i).padStart(5, '0');
    for (let i = 0; i < 10_000; i++) {
      const at = place(i, 10_000);
      tree.add(key(name(at)), key(name(at + 1)), at);
      assert.ok(FEWEST[tree.height]! <= i + 1, `height ${tree.height} with ${i + 1} spans`);
    }
    for (let i = 0; i < 9_000; i++) {
      tree.remove(key(name(i)), key(name(i + 1)));
      const left = 9_999 - i;
      assert.ok(FEWEST[tree.height]! <= left, `height ${tree.height} with ${left} spans`);
    }
    const found: number[] = [];
    tree.collect(key(`${name(9_500)}/x`), found);
    assert.deepEqual(found, [9_500]);
  });
}
