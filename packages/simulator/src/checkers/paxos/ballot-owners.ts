/** P3: a ballot belongs to one life of one member, which opens it when it is durable; a member's own ballots rise. */
import { require } from '../rule-broken.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import type { PaxosRun } from './run-record.ts';

/** `life` asks for this ballot, or leads at it. One that nobody was asked for may be forgotten in a crash. */
export function noteOpened(run: PaxosRun, acceptor: AcceptorRecord, life: string, ballot: number): void {
  const record = run.ballot(ballot);
  if (record.owner === life) return;
  require(record.owner === undefined, 'P3', () =>
    `${life} opens ballot ${ballot}, which ${record.owner} opened`);
  require(ballot > acceptor.openedBallot, 'P3', () =>
    `${life} opens ballot ${ballot}, and m${acceptor.place} opened ${acceptor.openedBallot} before`);
  record.owner = life;
  acceptor.openedBallot = ballot;
}

/** A Prepare leaves: by now the ballot is the proposer's own durable promise. */
export function notePrepareLeaves(acceptor: AcceptorRecord, ballot: number): void {
  require(acceptor.durablePromise >= ballot, 'P3', () =>
    `m${acceptor.place} asks for ballot ${ballot} with promise ${acceptor.durablePromise} on its disk`);
}
