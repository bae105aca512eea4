/** A value told by a number: its kind and its bytes, not its slot or ballot. */
import type { Entry } from '@synod/consensus';
import { NoteOn } from '../note-on.ts';

const KIND_NUMBERS = { command: 1, noop: 2, membership: 3 } as const;

/** Entries never change, and one is looked at many times: when it is proposed, written, chosen, applied. */
const known = new NoteOn<Entry, number>();

export function valueHash(entry: Entry): number {
  let hash = known.get(entry);
  if (hash === undefined) {
    hash = compute(entry);
    known.set(entry, hash);
  }
  return hash;
}

/** FNV-1a's way of mixing, a word of four bytes at a time, then what is left. */
function compute({ kind, payload }: Entry): number {
  const { length } = payload;
  let hash = (KIND_NUMBERS[kind] * 0x9e3779b1) ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4)
    hash = mixed(
      hash,
      payload[at]! | (payload[at + 1]! << 8) | (payload[at + 2]! << 16) | (payload[at + 3]! << 24),
    );
  for (; at < length; at++) hash = mixed(hash, payload[at]!);
  return hash >>> 0;
}

/** Rotated in between: a product alone carries nothing from its high bits down. */
function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193);
  return (product << 13) | (product >>> 19);
}
