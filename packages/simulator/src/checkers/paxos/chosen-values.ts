/** P1: at most one value is chosen in a slot. Chosen means: a phase-2 quorum of the slot's own membership has accepted it. */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { countVoters, sizesOf } from './quorum-count.ts';
import { checkQuorumsMeet } from './quorums-meet.ts';
import type { Acceptance, PaxosRun } from './run-record.ts';

/** A member's disk holds this value in this slot at this ballot. */
export function noteAccepted(run: PaxosRun, place: number, entry: Entry, hash: number): void {
  const slot = entry.index;
  let all = run.acceptances[slot];
  if (all === undefined) {
    all = [];
    run.acceptances[slot] = all;
  }
  let acceptance = all.find((one) => one.ballot === entry.epoch && one.hash === hash);
  if (acceptance === undefined) {
    acceptance = { ballot: entry.epoch, hash, entry, holders: 0 };
    all.push(acceptance);
  }
  acceptance.holders |= 1 << place;
  if (slot <= run.chosenUpTo) {
    const chosen = run.chosen[slot];
    require(hash === chosen || !isQuorum(run, slot, acceptance), 'P1', () =>
      `two values are chosen in slot ${slot}, the second at ballot ${entry.epoch}`);
    return;
  }
  countOn(run);
}

/** Goes on counting where the chosen slots end; a membership that is chosen decides how the next ones are counted. */
function countOn(run: PaxosRun): void {
  for (let slot = run.chosenUpTo + 1; ; slot++) {
    const quorums = run.acceptances[slot]?.filter((acceptance) => isQuorum(run, slot, acceptance));
    if (quorums === undefined || quorums.length === 0) return;
    const first = quorums.reduce((lowest, one) => (one.ballot < lowest.ballot ? one : lowest));
    for (const { hash } of quorums)
      require(hash === first.hash, 'P1', () => `two values are chosen in slot ${slot}`);
    run.chose(first);
    if (first.entry.kind === 'membership') checkQuorumsMeet(run.membershipAbove(slot + 1));
  }
}

function isQuorum(run: PaxosRun, slot: number, { holders }: Acceptance): boolean {
  const membership = run.membershipAbove(slot);
  return countVoters(membership, holders, run.placeOf) >= sizesOf(membership).phase2;
}
