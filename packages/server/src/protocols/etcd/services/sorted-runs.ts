/**
 * Sorts what comes in pieces, in pieces: each piece is sorted as it comes, and at the end the sorted runs are merged, two at a
 * time. Equals stay in the order in which they came.
 */
import type { KeyRecord, RecordOrder } from '@synod/coordination';

/** Records moved between two rests: about a millisecond's. */
const RECORDS_A_STEP = 4_096;

export class SortedRuns {
  private readonly order: RecordOrder;
  private readonly keptMax: number;
  private runs: (readonly KeyRecord[])[] = [];

  /** `keptMax`: of the whole only so many of the first are wanted. */
  constructor(order: RecordOrder, keptMax: number) {
    this.order = order;
    this.keptMax = keptMax;
  }

  add(records: readonly KeyRecord[]): void {
    const run = records.toSorted(this.order);
    if (run.length > this.keptMax) run.length = this.keptMax;
    if (run.length > 0) this.runs.push(run);
  }

  /** Yields where others may have their turn. What it returns is sorted; nothing may be added meanwhile. */
  *merged(): Generator<void, readonly KeyRecord[]> {
    while (this.runs.length > 1) {
      const longer: (readonly KeyRecord[])[] = [];
      for (let at = 0; at < this.runs.length; at += 2)
        longer.push(yield* this.merge(this.runs[at]!, this.runs[at + 1] ?? []));
      this.runs = longer;
    }
    return this.runs[0] ?? [];
  }

  private *merge(
    left: readonly KeyRecord[],
    right: readonly KeyRecord[],
  ): Generator<void, readonly KeyRecord[]> {
    if (right.length === 0) return left;
    const { order } = this;
    const length = Math.min(left.length + right.length, this.keptMax);
    const merged: KeyRecord[] = [];
    let fromLeft = 0;
    let fromRight = 0;
    while (merged.length < length) {
      const isLeft =
        fromRight === right.length ||
        (fromLeft < left.length && order(left[fromLeft]!, right[fromRight]!) <= 0);
      merged.push(isLeft ? left[fromLeft++]! : right[fromRight++]!);
      if (merged.length % RECORDS_A_STEP === 0) yield;
    }
    yield;
    return merged;
  }
}
