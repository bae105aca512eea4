/** P17: the old members may go once a change of membership is known chosen, so a phase-2 quorum of the new ones holds all. */
import { require } from '../rule-broken.ts';
import { sizesOf } from './quorum-count.ts';
import type { PaxosRun } from './run-record.ts';

/** The first replica marks the membership in `slot` chosen. */
export function checkRetirement(run: PaxosRun, place: number, slot: number): void {
  const membership = run.membershipAbove(slot + 1);
  const ready = membership.voters.filter((id) => {
    const holder = run.placeOf(id);
    return holder !== undefined && run.acceptors[holder]!.holdsAll(slot, run.chosen);
  });
  const needed = sizesOf(membership).phase2;
  require(ready.length >= needed, 'P17', () =>
    `m${place} marks the membership in slot ${slot}, and ${ready.length} of ${needed} new voters hold all up to it`);
}
