/** A value told by a number: its kind and its bytes, not its slot or ballot. */
import type { Entry } from '@synod/consensus';

const KIND_NUMBERS = { command: 1, noop: 2, membership: 3 } as const;

/** Entries never change, and one is looked at many times: when it is proposed, written, chosen, applied. */
const known = new WeakMap<Entry, number>();

export function valueHash(entry: Entry): number {
  let hash = known.get(entry);
  if (hash === undefined) {
    hash = compute(entry);
    known.set(entry, hash);
  }
  return hash;
}

function compute({ kind, payload }: Entry): number {
  let hash = KIND_NUMBERS[kind] * 0x9e3779b1;
  for (let i = 0; i < payload.length; i++) hash = Math.imul(hash ^ payload[i]!, 0x01000193) + 0x7ed55d16;
  return (hash ^ (hash >>> 15)) >>> 0;
}
