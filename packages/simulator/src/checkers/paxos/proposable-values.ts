/**
 * P6: when a value is proposed, there is a phase-1 quorum of the slot's membership whose promises left, and the value is
 * that of the highest ballot that any of them had accepted there, or anything if none had. P9: a no-op only if that allows it.
 */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { countVoters, sizesOf } from './quorum-count.ts';
import type { BallotRecord, PaxosRun } from './run-record.ts';

/** Called once for each slot and ballot. `place` is the proposer's, whose own promise is on its disk. */
export function checkProposable(
  run: PaxosRun,
  record: BallotRecord,
  place: number,
  entry: Entry,
  hash: number,
): void {
  const { index: slot, epoch: ballot } = entry;
  // Under which membership a slot above the chosen ones will be decided is P13's matter; so far the newest rules. A
  // leader that was overtaken goes on by the last one that it can know of, and nobody who promised more will accept it.
  const membership = run.membershipKnownAbove(slot, ballot);
  const own = run.acceptors[place]!.durablePromise >= ballot ? 1 << place : 0;
  const promisers = record.promisers | own;
  const needed = sizesOf(membership).phase1;
  const count = countVoters(membership, promisers, run.placeOf);
  require(count >= needed, 'P6', () =>
    `m${place} proposes in slot ${slot} at ballot ${ballot} on ${count} promises of ${needed}`);
  const earlier = (run.acceptances[slot] ?? []).filter((one) => one.ballot < ballot);
  // Some quorum of those who promised has nothing above the value's ballot, or nothing at all.
  const withNothingAbove = (chosenBallot: number): number => {
    let above = 0;
    for (const one of earlier) if (one.ballot > chosenBallot) above |= one.holders;
    return promisers & ~above;
  };
  const isQuorum = (places: number): boolean => countVoters(membership, places, run.placeOf) >= needed;
  const isAllowed =
    isQuorum(withNothingAbove(0)) ||
    earlier.some((one) => {
      const group = one.hash === hash ? withNothingAbove(one.ballot) : 0;
      return (one.holders & group) !== 0 && isQuorum(group);
    });
  require(isAllowed, entry.kind === 'noop' ? 'P9' : 'P6', () =>
    `m${place} proposes ${entry.kind === 'noop' ? 'a no-op' : 'another value'} in slot ${slot} at ballot ${ballot} than its promises leave`);
}
