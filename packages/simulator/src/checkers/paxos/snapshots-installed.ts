/** P14, R17: a snapshot covers what is chosen, and carries the membership that rules above it. */
import type { Membership, SnapshotMeta } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { sizesOf } from './quorum-count.ts';
import type { PaxosRun } from './run-record.ts';

export function checkSnapshot(run: PaxosRun, place: number, { index, membership }: SnapshotMeta): void {
  require(index <= run.chosenUpTo, 'P14', () =>
    `m${place} is given a snapshot of ${index}, which is not chosen`);
  require(describe(membership) === describe(run.membershipAbove(index + 1)), 'R17', () =>
    `m${place} is given a snapshot of ${index} with the membership ${describe(membership)}`);
}

function describe(membership: Membership): string {
  const { phase1, phase2 } = sizesOf(membership);
  return `${membership.voters.join(' ')} / ${membership.learners.join(' ')} / ${phase1} ${phase2}`;
}
