/** Which slots are written and not yet durable. The journal is first in, first out, so writes end in their order. */
import { assert } from '../core/assert.ts';
import type { Ticket } from '../core/numbers.ts';
import type { SlotRange } from './messages.ts';

interface SlotWrite {
  readonly ticket: Ticket;
  readonly ranges: SlotRange[];
  lowest: number;
}

export class SlotWrites {
  private outstanding: SlotWrite[] = [];

  began(ticket: Ticket, range: SlotRange): void {
    const newest = this.outstanding.at(-1);
    if (newest?.ticket === ticket) {
      newest.ranges.push(range);
      newest.lowest = Math.min(newest.lowest, range.first);
      return;
    }
    assert(newest === undefined || newest.ticket < ticket, 'tickets rise');
    this.outstanding.push({ ticket, ranges: [range], lowest: range.first });
  }

  /** Everything up to this ticket is durable: the slots that this is news for. */
  completed(ticket: Ticket): SlotRange[] {
    const done: SlotRange[] = [];
    for (let first = this.outstanding[0]; first !== undefined && first.ticket <= ticket; ) {
      done.push(...first.ranges);
      this.outstanding.shift();
      first = this.outstanding[0];
    }
    return done;
  }

  /** The lowest slot whose newest value may be lost with the power; Infinity if there is none. */
  get lowestOutstanding(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const write of this.outstanding) if (write.lowest < lowest) lowest = write.lowest;
    return lowest;
  }
}
