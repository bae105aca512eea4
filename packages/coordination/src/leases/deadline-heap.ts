/**
 * A binary heap of things with a time: the earliest first, any of them removable. Each item remembers its place, so
 * moving one costs a walk of log n and no search. Knows nothing of leases.
 */
import { assert } from '@synod/consensus';

const NOT_IN_HEAP = -1;

/** One thing's place in one heap. */
export interface HeapItem<Value> {
  readonly value: Value;
  /** Milliseconds of the owner's clock. Written by the heap only. */
  atMs: number;
  /** Index in the heap's array, or NOT_IN_HEAP. Written by the heap only. */
  place: number;
}

export function heapItem<Value>(value: Value): HeapItem<Value> {
  return { value, atMs: 0, place: NOT_IN_HEAP };
}

export function isPlaced(item: HeapItem<unknown>): boolean {
  return item.place !== NOT_IN_HEAP;
}

export class DeadlineHeap<Value> {
  /** No item is earlier than the one at half its place. */
  private readonly items: HeapItem<Value>[] = [];

  get size(): number {
    return this.items.length;
  }

  /** The earliest item, which stays. */
  first(): HeapItem<Value> | undefined {
    return this.items[0];
  }

  /** Puts an item in, or moves it, to a time. */
  place(item: HeapItem<Value>, atMs: number): void {
    item.atMs = atMs;
    if (item.place === NOT_IN_HEAP) {
      item.place = this.items.length;
      this.items.push(item);
    }
    this.rise(item);
    this.sink(item);
  }

  /** Takes an item out; one that is not in is left alone. */
  remove(item: HeapItem<Value>): void {
    if (item.place === NOT_IN_HEAP) return;
    const last = this.items.pop();
    assert(last !== undefined, 'a heap that an item is in is not empty');
    if (last !== item) {
      this.put(last, item.place);
      this.rise(last);
      this.sink(last);
    }
    item.place = NOT_IN_HEAP;
  }

  clear(): void {
    for (const item of this.items) item.place = NOT_IN_HEAP;
    this.items.length = 0;
  }

  private rise(item: HeapItem<Value>): void {
    while (item.place > 0) {
      const parent = this.items[(item.place - 1) >> 1]!;
      if (parent.atMs <= item.atMs) return;
      this.swap(item, parent);
    }
  }

  private sink(item: HeapItem<Value>): void {
    for (;;) {
      const left = this.items[2 * item.place + 1];
      if (left === undefined) return;
      const right = this.items[2 * item.place + 2];
      const earlier = right !== undefined && right.atMs < left.atMs ? right : left;
      if (item.atMs <= earlier.atMs) return;
      this.swap(item, earlier);
    }
  }

  private swap(a: HeapItem<Value>, b: HeapItem<Value>): void {
    const placeOfA = a.place;
    this.put(a, b.place);
    this.put(b, placeOfA);
  }

  private put(item: HeapItem<Value>, place: number): void {
    item.place = place;
    this.items[place] = item;
  }
}
