/**
 * P14: a promise tells the truth about what is chosen, and its sender can teach that. P16, and the other half of P4: it
 * leaves out nothing that its disk holds from lower ballots.
 */
import type { PromiseChunk } from '@synod/consensus/paxos/messages.ts';
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import type { PaxosRun } from './run-record.ts';
import { valueHash } from './value-hash.ts';

/** `marked`: up to where the sender has marked slots chosen, so that it can teach them. */
export function checkPromise(
  run: PaxosRun,
  acceptor: AcceptorRecord,
  promise: PromiseChunk,
  marked: number,
): void {
  require(promise.chosenUpTo <= marked, 'P14', () =>
    `m${acceptor.place} says that ${promise.chosenUpTo} is chosen, and knows it of ${marked}`);
  checkChosen(run, acceptor, promise);
  const { place, slots } = acceptor;
  const { ballot, from, upTo, more, chosenUpTo, entries, unknown } = promise;
  for (const [slot, held] of slots) {
    if (slot <= chosenUpTo || slot < from || (more && slot > upTo)) continue;
    // What came since the promise was made is of its ballot, or was learned.
    if (held.epoch >= ballot || run.isChosen(slot, valueHash(held))) continue;
    const told = entries.find(({ index }) => index === slot);
    require(told !== undefined ||
      unknown.some(({ first, last }) => first <= slot && slot <= last), 'P16', () =>
      `m${place} promises ${ballot} and leaves out slot ${slot}, which it accepted at ${held.epoch}`);
    require(told === undefined ||
      (told.epoch === held.epoch && valueHash(told) === valueHash(held)), 'P16', () =>
      `m${place} promises ${ballot} and tells something else of slot ${slot} than its disk holds`);
  }
}

function checkChosen(
  run: PaxosRun,
  { place, slots, snapshotIndex }: AcceptorRecord,
  promise: PromiseChunk,
): void {
  const { chosenUpTo, trimmedIndex } = promise;
  require(chosenUpTo <= run.chosenUpTo, 'P14', () => `m${place} says that ${chosenUpTo} is chosen`);
  for (let slot = Math.max(trimmedIndex, snapshotIndex) + 1; slot <= chosenUpTo; slot++) {
    const entry = slots.get(slot);
    require(entry !== undefined && valueHash(entry) === run.chosen[slot], 'P14', () =>
      `m${place} says that ${slot} can be learned of it, and its disk holds something else`);
  }
}
