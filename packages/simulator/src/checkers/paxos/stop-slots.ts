/** P13: a slot is decided under its own membership, so nothing is proposed above a membership that is not chosen yet. */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { BallotRecord, PaxosRun } from './run-record.ts';

/** Called once for each slot and ballot. */
export function noteStopSlot(run: PaxosRun, record: BallotRecord, place: number, entry: Entry): void {
  const { stopSlot } = record;
  require(entry.index <= stopSlot || stopSlot <= run.chosenUpTo, 'P13', () =>
    `m${place} proposes in slot ${entry.index} above the membership in ${stopSlot}, which is not chosen`);
  if (entry.kind === 'membership' && entry.index > stopSlot) record.stopSlot = entry.index;
}
