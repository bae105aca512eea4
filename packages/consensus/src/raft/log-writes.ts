/**
 * Which part of the log is durable. A completion may be late: by then the entries that it speaks of may have been
 * cut and others written in their place, which it must not vouch for (pitfall 24). Knows nothing of terms.
 */
import { assert } from '../core/assert.ts';
import { type LogIndex, logIndex, type Ticket } from '../core/numbers.ts';

interface LogWrite {
  readonly ticket: Ticket;
  /** The log as it is now is durable up to here once the write is; lowered by a truncation. */
  lastIndex: LogIndex;
}

export class LogWrites {
  /** The log as it is now survives a power cut up to here. Rises, except that a truncation cuts it. */
  durableIndex: LogIndex;
  /** In the order of their tickets. */
  private outstanding: LogWrite[] = [];

  constructor(durableIndex: LogIndex) {
    this.durableIndex = durableIndex;
  }

  /** The log up to `lastIndex` is in the write `ticket` or in an earlier one. */
  began(ticket: Ticket, lastIndex: LogIndex): void {
    const newest = this.outstanding[this.outstanding.length - 1];
    if (newest?.ticket === ticket) {
      newest.lastIndex = lastIndex;
      return;
    }
    assert(newest === undefined || newest.ticket < ticket, 'tickets rise');
    this.outstanding.push({ ticket, lastIndex });
  }

  /** Everything up to this ticket is durable. Returns whether the durable part of the log grew. */
  completed(ticket: Ticket): boolean {
    let done = 0;
    const before = this.durableIndex;
    while (done < this.outstanding.length && this.outstanding[done]!.ticket <= ticket) {
      this.durableIndex = logIndex(Math.max(this.durableIndex, this.outstanding[done]!.lastIndex));
      done++;
    }
    if (done > 0) this.outstanding.splice(0, done);
    return this.durableIndex > before;
  }

  /** The log was cut from `index` on: no write begun before may vouch for what takes its place. */
  truncatedFrom(index: LogIndex): void {
    const kept = logIndex(index - 1);
    this.durableIndex = logIndex(Math.min(this.durableIndex, kept));
    for (const write of this.outstanding) write.lastIndex = logIndex(Math.min(write.lastIndex, kept));
  }
}
