/** P5: Accepted(ballot, slots) leaves when those slots are on the disk at that ballot or a higher one, or as chosen. */
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import type { PaxosRun } from './run-record.ts';
import { valueHash } from './value-hash.ts';

export function noteAcknowledgementLeaves(
  run: PaxosRun,
  { place, slots, snapshotIndex, durablePromise }: AcceptorRecord,
  { ballot, first, last }: { readonly ballot: number; readonly first: number; readonly last: number },
): void {
  require(durablePromise >= ballot, 'P5', () =>
    `m${place} accepts at ballot ${ballot} with promise ${durablePromise} on its disk`);
  for (let slot = Math.max(first, snapshotIndex + 1); slot <= last; slot++) {
    const entry = slots.get(slot);
    require(entry !== undefined, 'P5', () => `m${place} acknowledges slot ${slot} before it is durable`);
    require(entry.epoch >= ballot || run.isChosen(slot, valueHash(entry)), 'P5', () =>
      `m${place} acknowledges slot ${slot} at ballot ${ballot}, and its disk holds it at ${entry.epoch}`);
  }
}
