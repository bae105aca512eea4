/**
 * The rows of one table in memory, readable in key order. The usual new key is the last one (revisions rise), so keys
 * are only sorted when one came that was not.
 */

export class SortedRows {
  private readonly values: Map<string, Uint8Array>;
  /** The keys of `values`, in order while `isSorted`; undefined: gathered anew when they are needed. */
  private keys: string[] | undefined = [];
  private isSorted = true;

  constructor(values: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.values = new Map(values);
    if (this.values.size > 0) this.keys = undefined;
  }

  copy(): SortedRows {
    return new SortedRows(this.values);
  }

  get(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }

  put(key: string, value: Uint8Array): void {
    if (this.keys !== undefined && !this.values.has(key)) {
      const last = this.keys.at(-1);
      if (last !== undefined && key < last) this.isSorted = false;
      this.keys.push(key);
    }
    this.values.set(key, value);
  }

  remove(key: string): void {
    if (this.values.delete(key)) this.keys = undefined;
  }

  entries(): IterableIterator<[string, Uint8Array]> {
    return this.values.entries();
  }

  /** Keys from `from` (inclusive) to `to` (exclusive; undefined: to the end), as they are now. */
  *span(from: string, to: string | undefined, reverse: boolean): Generator<string> {
    const keys = this.sortedKeys();
    const first = lowerBound(keys, from);
    const end = to === undefined ? keys.length : lowerBound(keys, to);
    for (let offset = 0; offset < end - first; offset++)
      yield keys[reverse ? end - 1 - offset : first + offset]!;
  }

  private sortedKeys(): readonly string[] {
    this.keys ??= [...this.values.keys()].sort();
    if (!this.isSorted) this.keys = [...this.keys].sort();
    this.isSorted = true;
    return this.keys;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
