/** How far this member's log is durable: which writes are, and where the log ended with the last of them. */
import type { LogRecord } from '../core/effects.ts';
import { type LogIndex, logIndex, NO_TICKET, type Ticket } from '../core/numbers.ts';

export class DurableLog {
  /** The newest durable write. Monotone. */
  ticket: Ticket = NO_TICKET;
  /** The newest write asked for. Monotone. */
  askedTicket: Ticket = NO_TICKET;
  /** The end of the durable log; falls only where Raft cuts it. */
  index: LogIndex;
  /** The end of the log after each write that is not durable yet, oldest first. */
  private readonly writes: { readonly ticket: Ticket; readonly lastIndex: LogIndex }[] = [];

  constructor(index: LogIndex) {
    this.index = index;
  }

  asked(ticket: Ticket, records: readonly LogRecord[]): void {
    this.askedTicket = ticket;
    const last = records.findLast((record) => record.kind !== 'hardState');
    if (last === undefined) return;
    this.writes.push({ ticket, lastIndex: last.kind === 'entry' ? last.entry.index : last.meta.index });
  }

  reached(ticket: Ticket): void {
    this.ticket = ticket;
    for (let first = this.writes[0]; first !== undefined && first.ticket <= ticket; first = this.writes[0]) {
      this.index = first.lastIndex;
      this.writes.shift();
    }
  }

  /** The state was replaced by a durable snapshot of this index. */
  restored(index: LogIndex): void {
    this.index = logIndex(Math.max(this.index, index));
  }
}
