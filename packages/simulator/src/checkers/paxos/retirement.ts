/**
 * P17: the old members of a change may go once it is known to be chosen, so by then a phase-2 quorum of the new ones holds all
 * of the prefix; and once a quorum of them durably knows of the change, so nobody who goes hears of it before.
 */
import type { MemberId } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import { sizesOf } from './quorum-count.ts';
import type { PaxosRun } from './run-record.ts';

/** The first replica marks the membership in `slot` chosen. */
export function checkRetirement(run: PaxosRun, place: number, slot: number): void {
  const { ready, needed } = newVotersWhere(run, slot, (acceptor) => acceptor.holdsAll(slot, run.chosen));
  require(ready >= needed, 'P17', () =>
    `m${place} marks the membership in slot ${slot}, and ${ready} of ${needed} new voters hold all up to it`);
}

/** A leader tells `to` that slots up to `commitIndex` are chosen. */
export function checkToldLast(run: PaxosRun, place: number, to: MemberId, commitIndex: number): void {
  const { slot, membership } = run.memberships.at(-1)!;
  if (slot === 0 || commitIndex < slot) return;
  if (membership.voters.includes(to) || membership.learners.includes(to)) return;
  checkKnown(run, slot, () => `m${place} tells ${to}, which is gone, of the membership in slot ${slot}`);
}

/** A leader proposes the next change of membership. */
export function checkLastChangeIsOver(run: PaxosRun, place: number, next: number): void {
  const { slot } = run.memberships.findLast((one) => one.slot < next)!;
  if (slot > 0)
    checkKnown(run, slot, () => `m${place} proposes a membership in slot ${next} after that in ${slot}`);
}

function checkKnown(run: PaxosRun, slot: number, what: () => string): void {
  const { ready, needed } = newVotersWhere(
    run,
    slot,
    ({ durableChosen, snapshotIndex }) => Math.max(durableChosen, snapshotIndex) >= slot,
  );
  require(ready >= needed, 'P17', () => `${what()}, and ${ready} of ${needed} new voters durably know of it`);
}

function newVotersWhere(run: PaxosRun, slot: number, is: (acceptor: AcceptorRecord) => boolean) {
  const membership = run.membershipAbove(slot + 1);
  const ready = membership.voters.filter((id) => {
    const place = run.placeOf(id);
    return place !== undefined && is(run.acceptors[place]!);
  });
  return { ready: ready.length, needed: sizesOf(membership).phase2 };
}
