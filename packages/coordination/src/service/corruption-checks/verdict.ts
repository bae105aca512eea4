/**
 * Who is right where members hold different hashes of one and the same thing: those that are a majority of all members.
 * Pure, so that its tests explain it.
 */
import { type MemberId, majoritySize } from '@synod/consensus';

export type Verdict =
  /** All that could be compared are equal. */
  | { readonly kind: 'same' }
  /** A majority agrees; these do not agree with it. */
  | { readonly kind: 'differing'; readonly members: readonly MemberId[] }
  /** No hash has a majority: somebody is wrong, and nobody can say who. */
  | { readonly kind: 'undecided' };

/**
 * `memberCount` counts those whose hash is not known too: two that agree out of five decide nothing, for the other
 * three may agree on something else.
 */
export function verdictOf(sums: ReadonlyMap<MemberId, number>, memberCount: number): Verdict {
  const holders = new Map<number, number>();
  for (const sum of sums.values()) holders.set(sum, (holders.get(sum) ?? 0) + 1);
  if (holders.size <= 1) return { kind: 'same' };
  const quorum = majoritySize(memberCount);
  for (const [right, count] of holders) {
    if (count < quorum) continue;
    const members = [...sums].filter(([, sum]) => sum !== right).map(([member]) => member);
    return { kind: 'differing', members };
  }
  return { kind: 'undecided' };
}
