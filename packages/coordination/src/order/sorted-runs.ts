/**
 * Sorts what comes in pieces, in pieces: each piece is sorted as it comes, and at the end the sorted runs are merged, two at a
 * time. Equals stay in the order in which they came.
 */

/** As `Array.sort` takes it: below 0 where `a` comes first. */
export type Order<Item> = (a: Item, b: Item) => number;

/** Items moved between two rests: about a millisecond's. */
const ITEMS_A_STEP = 4_096;

export class SortedRuns<Item> {
  private readonly order: Order<Item>;
  private readonly keptMax: number;
  private runs: (readonly Item[])[] = [];

  /** `keptMax`: of the whole only so many of the first are wanted. */
  constructor(order: Order<Item>, keptMax: number) {
    this.order = order;
    this.keptMax = keptMax;
  }

  add(items: readonly Item[]): void {
    const run = items.toSorted(this.order);
    if (run.length > this.keptMax) run.length = this.keptMax;
    if (run.length > 0) this.runs.push(run);
  }

  /** Yields where others may have their turn. What it returns is sorted; nothing may be added meanwhile. */
  *merged(): Generator<void, readonly Item[]> {
    while (this.runs.length > 1) {
      const longer: (readonly Item[])[] = [];
      for (let at = 0; at < this.runs.length; at += 2)
        longer.push(yield* this.merge(this.runs[at]!, this.runs[at + 1] ?? []));
      this.runs = longer;
    }
    return this.runs[0] ?? [];
  }

  private *merge(left: readonly Item[], right: readonly Item[]): Generator<void, readonly Item[]> {
    if (right.length === 0) return left;
    const { order } = this;
    const length = Math.min(left.length + right.length, this.keptMax);
    const merged: Item[] = [];
    let fromLeft = 0;
    let fromRight = 0;
    while (merged.length < length) {
      const isLeft =
        fromRight === right.length ||
        (fromLeft < left.length && order(left[fromLeft]!, right[fromRight]!) <= 0);
      merged.push(isLeft ? left[fromLeft++]! : right[fromRight++]!);
      if (merged.length % ITEMS_A_STEP === 0) yield;
    }
    yield;
    return merged;
  }
}

/** Sorts what is there already. Yields likewise, and not at all where there is little. */
export function* sortedInSteps<Item>(
  items: readonly Item[],
  order: Order<Item>,
): Generator<void, readonly Item[]> {
  const runs = new SortedRuns(order, Number.POSITIVE_INFINITY);
  for (let from = 0; from < items.length; from += ITEMS_A_STEP) {
    if (from > 0) yield;
    runs.add(items.slice(from, from + ITEMS_A_STEP));
  }
  return yield* runs.merged();
}
