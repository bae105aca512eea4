/** The heap against a sorted list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineHeap, heapItem, isPlaced } from '../../src/leases/deadline-heap.ts';

test('the earliest item is first, whatever was placed, moved and removed before', () => {
  const step = fc.record({ item: fc.nat(19), at: fc.option(fc.nat(50), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<number>();
      const items = Array.from({ length: 20 }, (_, value) => heapItem(value));
      const model = new Map<number, number>();
      for (const { item, at } of steps) {
        if (at === undefined) {
          heap.remove(items[item]!);
          model.delete(item);
        } else {
          heap.place(items[item]!, at);
          model.set(item, at);
        }
        assert.equal(heap.size, model.size);
        assert.equal(isPlaced(items[item]!), model.has(item));
        assert.equal(heap.first()?.atMs, model.size === 0 ? undefined : Math.min(...model.values()));
      }
      const order: number[] = [];
      for (let item = heap.first(); item !== undefined; item = heap.first()) {
        order.push(item.atMs);
        heap.remove(item);
      }
      assert.deepEqual(
        order,
        [...model.values()].sort((a, b) => a - b),
      );
    }),
    { seed: 1, numRuns: 300 },
  );
});
