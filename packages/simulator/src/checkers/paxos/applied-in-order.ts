/** P10: what is handed out is what is chosen, slot after slot. */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { PaxosRun } from './run-record.ts';
import { valueHash } from './value-hash.ts';

/** @returns the last slot handed out, after these */
export function noteApplied(run: PaxosRun, place: number, before: number, entries: readonly Entry[]): number {
  let last = before;
  for (const entry of entries) {
    require(entry.index === last + 1, 'P10', () => `m${place} applies ${entry.index} after ${last}`);
    require(run.isChosen(entry.index, valueHash(entry)), 'P10', () =>
      `m${place} applies in slot ${entry.index} what is not chosen`);
    last = entry.index;
  }
  return last;
}
