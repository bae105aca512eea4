/** P4: the durable promise rises, it is durable before it is told, and then nothing below it becomes durable. */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import type { PaxosRun } from './run-record.ts';

export function notePromiseDurable(place: number, before: number, promise: number): void {
  require(promise >= before, 'P4', () =>
    `the durable promise of m${place} falls from ${before} to ${promise}`);
}

/** What leaves this member at a ballot waits for the promise of that ballot, and is kept to. */
export function noteVouches(acceptor: AcceptorRecord, ballot: number): void {
  require(acceptor.durablePromise >= ballot, 'P4', () =>
    `m${acceptor.place} vouches for ballot ${ballot} with promise ${acceptor.durablePromise} on its disk`);
  acceptor.vouchedFor = Math.max(acceptor.vouchedFor, ballot);
}

/** What is chosen may be learned at any ballot; anything else is accepted, and not below what was promised. */
export function noteAcceptedAfterPromise(
  run: PaxosRun,
  { place, vouchedFor }: AcceptorRecord,
  entry: Entry,
  hash: number,
): void {
  require(entry.epoch >= vouchedFor || run.isChosen(entry.index, hash), 'P4', () =>
    `m${place} accepts slot ${entry.index} at ballot ${entry.epoch} after it promised ${vouchedFor}`);
}
