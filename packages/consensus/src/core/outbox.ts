/**
 * Collects the effects of a step in order and numbers the writes. All records of one step share one write and one
 * ticket, which is put before the messages that wait for it. Decides nothing.
 */
import { assert } from './assert.ts';
import type { Effect, LogRecord } from './effects.ts';
import type { PeerMessage } from './messages.ts';
import { type MemberId, NO_TICKET, type Ticket, ticket } from './numbers.ts';

export class Outbox<Message extends PeerMessage> {
  private effects: Effect[] = [];
  /** The records of this step's write, or undefined while there is none. */
  private records: LogRecord[] | undefined;
  /** Where in `records` this step's hard state is, or -1. */
  private hardStateAt = -1;
  /** The newest write asked for. Monotonic. */
  lastTicket: Ticket = NO_TICKET;
  /** The newest write known durable. Monotonic; set by the `durable` input. */
  durableTicket: Ticket = NO_TICKET;
  /** The newest write with a hard state in it: every message waits for it, since each speaks in the name of the term. */
  hardStateTicket: Ticket = NO_TICKET;
  /** The newest write that changes the log: acknowledgements of the log wait for it (pitfall 25). */
  logTicket: Ticket = NO_TICKET;

  private open(): LogRecord[] {
    if (this.records === undefined) {
      this.records = [];
      this.hardStateAt = -1;
      this.lastTicket = ticket(this.lastTicket + 1);
      this.effects.push({ kind: 'write', ticket: this.lastTicket, records: this.records });
    }
    return this.records;
  }

  /** Asks for a change of the log to be written; the ticket of its write. */
  writeLog(record: LogRecord): Ticket {
    this.open().push(record);
    this.logTicket = this.lastTicket;
    return this.lastTicket;
  }

  /** Asks for the hard state to be written: term and vote in one record, once a step (pitfall 18). */
  writeHardState(state: Uint8Array): void {
    const records = this.open();
    if (this.hardStateAt < 0) this.hardStateAt = records.length;
    records[this.hardStateAt] = { kind: 'hardState', state };
    this.hardStateTicket = this.lastTicket;
  }

  /** Asks for a hard state whose news no message speaks of: it joins this step's write, and nothing waits for it. */
  amendHardState(state: Uint8Array): void {
    const before = this.hardStateTicket;
    const joins = this.records !== undefined && this.hardStateAt >= 0;
    this.writeHardState(state);
    if (!joins) this.hardStateTicket = before;
  }

  /** Whether this step writes anything so far. */
  get isWriting(): boolean {
    return this.records !== undefined;
  }

  /** A message that says nothing about the log: it waits for the term and vote it speaks in the name of. */
  send(to: MemberId, message: Message): void {
    this.sendAfter(to, message, this.hardStateTicket);
  }

  /** A message that vouches for the log: it waits for every write asked for so far that concerns log or term. */
  sendAfterLog(to: MemberId, message: Message): void {
    this.sendAfter(to, message, ticket(Math.max(this.logTicket, this.hardStateTicket)));
  }

  private sendAfter(to: MemberId, message: Message, after: Ticket): void {
    this.effects.push({ kind: 'send', to, message, after: after > this.durableTicket ? after : NO_TICKET });
  }

  push(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Whether a write waits for the disk. */
  get awaitsDisk(): boolean {
    return this.lastTicket > this.durableTicket;
  }

  /** The write with this ticket is durable, and every earlier one. Returns whether that is news. */
  becameDurable(ticket: Ticket): boolean {
    assert(ticket <= this.lastTicket, 'only what was asked for becomes durable');
    if (ticket <= this.durableTicket) return false;
    this.durableTicket = ticket;
    return true;
  }

  /** Ends a step: later records go into a later write. */
  endStep(): void {
    this.records = undefined;
  }

  drain(): Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }
}
