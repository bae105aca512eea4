/**
 * The only randomness of a world: numbers that follow from a seed and a stream's name. Each concern draws from a stream
 * of its own, so that taking one fault away leaves the other draws as they were. Integer arithmetic only, so that every
 * engine gives the same numbers.
 */

const TWO_TO_32 = 0x1_0000_0000;

/** A 32-bit hash of a text, by which a stream's name becomes part of its state. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Small Fast Counter (PractRand's sfc32): 128 bits of state, passes the usual batteries. */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, stream: string) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / TWO_TO_32) ^ 0x9e3779b9;
    this.c = hashText(stream);
    for (let i = 0; i < 15; i++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return (sum >>> 0) / TWO_TO_32;
  }

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `first` to `last`. */
  whole(first: number, last: number): number {
    return first + Math.floor(this.next() * (last - first + 1));
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of a list that is not empty. */
  pick<Value>(from: readonly Value[]): Value {
    return from[Math.floor(this.next() * from.length)]!;
  }

  /** Many small values, few large ones: a world's shape is rarely the mean of all worlds. */
  skewed(low: number, high: number): number {
    const x = this.next();
    return low + (high - low) * x * x;
  }

  shuffled<Value>(from: readonly Value[]): Value[] {
    const list = [...from];
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const other = list[j]!;
      list[j] = list[i]!;
      list[i] = other;
    }
    return list;
  }
}
