/** Quorums of a membership, counted here and not by the code under test. A group of members is a bit set of places. */
import type { MemberId, Membership } from '@synod/consensus';

/** Where a member lives; undefined: it has never started. */
export type PlaceOf = (id: MemberId) => number | undefined;

export interface Sizes {
  readonly phase1: number;
  readonly phase2: number;
}

export function sizesOf(membership: Membership): Sizes {
  const count = membership.voters.length;
  const phase2 = count % 2 === 0 ? count / 2 : (count + 1) / 2;
  return membership.quorum ?? { phase1: count + 1 - phase2, phase2 };
}

export function countVoters(membership: Membership, places: number, placeOf: PlaceOf): number {
  let count = 0;
  for (const id of membership.voters) {
    const place = placeOf(id);
    if (place !== undefined && (places & (1 << place)) !== 0) count++;
  }
  return count;
}
