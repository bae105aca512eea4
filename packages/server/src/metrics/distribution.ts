/**
 * Histograms in plain numbers: what is observed is one addition in an array, and the words of Prometheus are made at a scrape.
 * Prometheus's own object makes several of each observation, where puts and ranges pass.
 */

export class Distribution {
  /** Upper bounds of the buckets, rising; what is above the last counts in one more. */
  readonly bounds: readonly number[];
  /** Observations of each bucket alone. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    // Most of what is measured is short, and in one of the first.
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
  }
}

/** `count` bounds, each twice the one before: the form of nearly all of etcd's. */
export function doubling(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => first * 2 ** i);
}

/** Of the disk, in seconds: a millisecond to eight seconds. */
export const DISK_BOUNDS = doubling(0.001, 14);

export type Labels = Readonly<Record<string, string>>;

/** One distribution for each set of labels that was seen. */
export class Distributions {
  private readonly bounds: readonly number[];
  private readonly labelsOf: (key: string) => Labels;
  private readonly byKey = new Map<string, Distribution>();

  /** `labelsOf` tells the labels that a key stands for: made at a scrape alone. */
  constructor(bounds: readonly number[], labelsOf: (key: string) => Labels) {
    this.bounds = bounds;
    this.labelsOf = labelsOf;
  }

  observe(key: string, value: number): void {
    let distribution = this.byKey.get(key);
    if (distribution === undefined) {
      distribution = new Distribution(this.bounds);
      this.byKey.set(key, distribution);
    }
    distribution.observe(value);
  }

  *[Symbol.iterator](): Generator<readonly [Labels, Distribution]> {
    for (const [key, distribution] of this.byKey) yield [this.labelsOf(key), distribution];
  }
}

/** Counts by a key, with the labels that it stands for. */
export class Counts {
  private readonly labelsOf: (key: string) => Labels;
  private readonly byKey = new Map<string, number>();

  constructor(labelsOf: (key: string) => Labels) {
    this.labelsOf = labelsOf;
  }

  add(key: string, amount = 1): void {
    this.byKey.set(key, (this.byKey.get(key) ?? 0) + amount);
  }

  *[Symbol.iterator](): Generator<readonly [Labels, number]> {
    for (const [key, count] of this.byKey) yield [this.labelsOf(key), count];
  }
}
