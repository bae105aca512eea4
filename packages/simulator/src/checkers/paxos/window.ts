/** P11: nothing is accepted further than the window above what is chosen, so that no promise lists more. */
import { require } from '../rule-broken.ts';
import type { PaxosRun } from './run-record.ts';

export function checkWindow(run: PaxosRun, place: number, slot: number): void {
  require(slot <= run.chosenUpTo + run.windowSlotsMax, 'P11', () =>
    `m${place} accepts slot ${slot}, and only ${run.chosenUpTo} are chosen`);
}
