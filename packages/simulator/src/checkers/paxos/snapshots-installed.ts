/**
 * P14, R17: a snapshot covers what is chosen, and carries the membership that rules above it. P4: what was accepted above it stays,
 * for a promise will have to tell of it.
 */
import type { Membership, PaxosCore, SnapshotMeta } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import { sizesOf } from './quorum-count.ts';
import type { PaxosRun } from './run-record.ts';

export function checkSnapshot(run: PaxosRun, place: number, { index, membership }: SnapshotMeta): void {
  require(index <= run.chosenUpTo, 'P14', () =>
    `m${place} is given a snapshot of ${index}, which is not chosen`);
  require(describe(membership) === describe(run.membershipAbove(index + 1)), 'R17', () =>
    `m${place} is given a snapshot of ${index} with the membership ${describe(membership)}`);
}

/** The slots of the core begin after a snapshot now. */
export function checkKeptAbove({ place, slots }: AcceptorRecord, { state }: PaxosCore, index: number): void {
  for (const [slot, held] of slots) {
    if (slot <= index) continue;
    const kept = state.slots.at(slot);
    require(kept !== undefined && kept.epoch >= held.epoch, 'P4', () =>
      `the snapshot of ${index} at m${place} takes slot ${slot} along, which it accepted at ${held.epoch}`);
  }
}

function describe(membership: Membership): string {
  const { phase1, phase2 } = sizesOf(membership);
  return `${membership.voters.join(' ')} / ${membership.learners.join(' ')} / ${phase1} ${phase2}`;
}
