/** How the words of a transcript's command are read: numbers, members, options, and which parcels they pick. */
import assert from 'node:assert/strict';
import type { MemberId } from '../../src/core/numbers.ts';
import type { Parcel } from './core-cluster.ts';
import { idOf, nameOf } from './member-names.ts';

export function numberIn(word: string | undefined, otherwise?: number): number {
  const value = word === undefined ? otherwise : Number(word);
  assert.ok(value !== undefined && Number.isFinite(value), `${word} is a number`);
  return value;
}

export function memberIn(word: string | undefined): MemberId {
  assert.ok(word !== undefined, 'a member is named');
  return idOf(word);
}

/** "key=a,b" among the words. */
export function option(words: readonly string[], key: string): string[] | undefined {
  const found = words.find((word) => word.startsWith(`${key}=`));
  return found
    ?.slice(key.length + 1)
    .split(',')
    .filter((part) => part !== '');
}

export function numbers(words: readonly string[], key: string): number[] {
  return (option(words, key) ?? []).map((word) => numberIn(word));
}

/** Who is left if "without=a,b" is among the words. */
export function thereAre(words: readonly string[]): (id: MemberId) => boolean {
  const without = option(words, 'without') ?? [];
  return (id) => !without.includes(nameOf(id));
}

/** Words that pick parcels: "1->2", a message kind, both or none (all that is in the network now). */
export function picks(words: readonly string[]): (parcel: Parcel) => boolean {
  const link = words.find((word) => word.includes('->'))?.split('->');
  const kind = words.find((word) => !word.includes('->'));
  return (parcel) => {
    if (link !== undefined && (nameOf(parcel.from) !== link[0] || nameOf(parcel.to) !== link[1]))
      return false;
    if (kind === undefined) return true;
    return parcel.kind === 'snapshot' ? kind === 'snapshot' : parcel.message.kind === kind;
  };
}
