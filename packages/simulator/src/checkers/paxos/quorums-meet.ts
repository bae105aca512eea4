/** P12: every phase-1 quorum of a membership meets every phase-2 quorum of it, tried out for every group of voters. */
import type { Membership } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { sizesOf } from './quorum-count.ts';

export function checkQuorumsMeet(membership: Membership): void {
  const count = membership.voters.length;
  const { phase1, phase2 } = sizesOf(membership);
  for (let group = 0; group < 2 ** count; group++) {
    let inside = 0;
    for (let voter = 0; voter < count; voter++) inside += (group >> voter) & 1;
    require(inside < phase1 || count - inside < phase2, 'P12', () =>
      `of ${count} voters ${inside} make a phase-1 quorum and the others a phase-2 quorum`);
  }
}
