/** A set of slots that fills from below with gaps: what one acceptor has acknowledged at one ballot. */
import type { LogIndex } from '../core/numbers.ts';

export class SlotSet {
  /** Every slot up to here is in. Monotonic. */
  prefix: number;
  /** Those above, with a gap below the lowest. */
  private readonly above = new Set<number>();

  constructor(prefix: LogIndex) {
    this.prefix = prefix;
  }

  has(slot: number): boolean {
    return slot <= this.prefix || this.above.has(slot);
  }

  add(first: number, last: number): void {
    if (first <= this.prefix + 1) {
      if (last > this.prefix) this.prefix = last;
      while (this.above.delete(this.prefix + 1)) this.prefix++;
      if (this.above.size > 0)
        for (const slot of this.above) if (slot <= this.prefix) this.above.delete(slot);
      return;
    }
    for (let slot = first; slot <= last; slot++) if (slot > this.prefix) this.above.add(slot);
  }
}
