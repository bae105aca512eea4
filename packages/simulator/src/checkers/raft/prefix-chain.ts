/** A log as the hashes of its prefixes: two logs that have the same hash at an index are equal up to it. */
import type { Entry } from '@synod/consensus';

const KIND_NUMBERS = { command: 1, noop: 2, membership: 3 } as const;

export function extendHash(before: number, entry: Entry): number {
  let hash = Math.imul(before ^ entry.epoch, 0x9e3779b1) ^ KIND_NUMBERS[entry.kind];
  const { payload } = entry;
  for (let i = 0; i < payload.length; i++) hash = Math.imul(hash ^ payload[i]!, 0x01000193) + 0x7ed55d16;
  return (hash ^ (hash >>> 15)) >>> 0;
}

export class PrefixChain {
  /** By index; the empty log's hash is 0. Holes below the first snapshot. */
  private readonly hashes: number[] = [0];

  get last(): number {
    return this.hashes.length - 1;
  }

  at(index: number): number | undefined {
    return this.hashes[index];
  }

  get lastHash(): number {
    return this.hashes[this.hashes.length - 1]!;
  }

  /** Cuts the log before `index` and ends it there. */
  endWith(index: number, hash: number): void {
    const { hashes } = this;
    if (index < hashes.length) hashes.length = index;
    hashes[index] = hash;
  }

  /** Forgets everything: the log begins after a snapshot of `index`. */
  beginAfter(index: number, hash: number): void {
    this.hashes.length = 1;
    this.hashes[index] = hash;
  }

  copy(): PrefixChain {
    const copy = new PrefixChain();
    for (let index = 0; index < this.hashes.length; index++) {
      const hash = this.hashes[index];
      if (hash !== undefined) copy.hashes[index] = hash;
    }
    return copy;
  }
}
