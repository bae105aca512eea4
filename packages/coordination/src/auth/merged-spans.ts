/**
 * Spans of keys as one set: overlapping and touching ones merged, in key order, so that whether a span lies within them
 * is one binary search. It knows neither users nor what the spans allow.
 *
 * A single key k is the span from k to the next string there is, which is k with a zero byte behind it. So two keys that
 * follow each other merge, and nothing has to be said of single keys anywhere below.
 */
import { ALL_AFTER, type Key, type KeySpan } from '../machine/values.ts';

interface Stretch {
  readonly from: string;
  /** Exclusive; undefined: to the end of all keys. */
  readonly to: string | undefined;
}

export class MergedSpans {
  /** In key order, with a gap between any two. */
  private readonly stretches: readonly Stretch[];

  constructor(spans: readonly KeySpan[]) {
    const sorted = spans.map(stretchOf).filter(isAnything).sort(byStart);
    const merged: Stretch[] = [];
    for (const next of sorted) {
      const last = merged.at(-1);
      if (last === undefined || (last.to !== undefined && last.to < next.from)) merged.push(next);
      else merged[merged.length - 1] = { from: last.from, to: later(last.to, next.to) };
    }
    this.stretches = merged;
  }

  /** Whether every key of the span is in the set. Of a span that holds no key, whether its first bound is. */
  covers(span: KeySpan): boolean {
    const asked = stretchOf(span);
    const stretch = this.lastAtOrBefore(asked.from);
    if (stretch === undefined) return false;
    if (stretch.to === undefined) return true;
    return asked.from < stretch.to && asked.to !== undefined && asked.to <= stretch.to;
  }

  /** Whether a key is in the set. */
  has(key: Key): boolean {
    const stretch = this.lastAtOrBefore(key);
    return stretch !== undefined && (stretch.to === undefined || key < stretch.to);
  }

  private lastAtOrBefore(key: string): Stretch | undefined {
    let low = 0;
    let high = this.stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.stretches[middle]!.from <= key) low = middle + 1;
      else high = middle;
    }
    return this.stretches[low - 1];
  }
}

function stretchOf({ from, to }: KeySpan): Stretch {
  if (to === undefined) return { from, to: `${from}\0` };
  return { from, to: to === ALL_AFTER ? undefined : to };
}

function isAnything({ from, to }: Stretch): boolean {
  return to === undefined || from < to;
}

function byStart(a: Stretch, b: Stretch): number {
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? undefined : a > b ? a : b;
}
