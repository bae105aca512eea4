/** P8: whoever marks a slot chosen holds in it what is chosen there. P13: counted by the slot's own membership. */
import type { PaxosCore } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { checkRetirement } from './retirement.ts';
import type { PaxosRun } from './run-record.ts';
import { valueHash } from './value-hash.ts';

/** The commit index of `m${place}` rose from `before`. */
export function noteMarked(run: PaxosRun, place: number, { state }: PaxosCore, before: number): void {
  const { commitIndex, slots } = state;
  require(commitIndex <= run.chosenUpTo, 'P8', () =>
    `m${place} marks ${commitIndex} chosen, and no quorum accepted ${run.chosenUpTo + 1}`);
  for (let slot = before + 1; slot <= commitIndex; slot++) {
    const entry = slots.at(slot);
    // What a snapshot covers is not here; the snapshot is checked where it is installed.
    if (entry === undefined) continue;
    require(valueHash(entry) === run.chosen[slot], 'P8', () =>
      `m${place} marks another value in slot ${slot} than is chosen`);
    if (slot > run.markedUpTo && entry.kind === 'membership') checkRetirement(run, place, slot);
  }
  if (commitIndex > run.markedUpTo) run.markedUpTo = commitIndex;
}
