/** What is known of one acceptor's promise, and how far its disk holds it, over all its lives. */
import type { LogRecord, RecoveredLog } from '@synod/consensus';
import { decodeHardState } from '@synod/consensus/paxos/hard-state.ts';
import { require } from '../rule-broken.ts';

export class AcceptorRecord {
  readonly place: number;
  /** The promise that the disk holds for certain. Rises (P4). */
  durablePromise = 0;
  /** The highest ballot of a promise or an acceptance that left this member. Rises. */
  vouchedFor = 0;
  private readonly pending: { readonly ticket: number; readonly promise: number }[] = [];

  constructor(place: number) {
    this.place = place;
  }

  asked(ticket: number, records: readonly LogRecord[]): void {
    for (const record of records)
      if (record.kind === 'hardState')
        this.pending.push({ ticket, promise: decodeHardState(record.state).promised });
  }

  becameDurable(ticket: number): void {
    for (
      let first = this.pending[0];
      first !== undefined && first.ticket <= ticket;
      first = this.pending[0]
    ) {
      this.pending.shift();
      const { promise } = first;
      require(promise >= this.durablePromise, 'P4', () =>
        `the durable promise of m${this.place} falls to ${promise}`);
      this.durablePromise = promise;
    }
  }

  /** P4 and P5: what leaves this member at a ballot waits for the promise of that ballot. */
  vouches(ballot: number): void {
    require(this.durablePromise >= ballot, 'P4', () =>
      `m${this.place} vouches for ballot ${ballot} with promise ${this.durablePromise} on its disk`);
    this.vouchedFor = Math.max(this.vouchedFor, ballot);
  }

  recovered({ hardState }: RecoveredLog): void {
    const promise = hardState === undefined ? 0 : decodeHardState(hardState).promised;
    require(promise >= this.vouchedFor, 'P4', () =>
      `m${this.place} begins with promise ${promise}, and vouched for ${this.vouchedFor} before`);
    this.pending.length = 0;
    this.durablePromise = promise;
  }
}
