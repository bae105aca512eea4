/** Messages that wait for a write to be durable, in the order they were made. */
import type { PeerMessage } from '../core/messages.ts';
import type { MemberId, Ticket } from '../core/numbers.ts';

interface HeldSend {
  readonly to: MemberId;
  readonly message: PeerMessage;
  readonly after: Ticket;
}

export class HeldSends {
  private held: HeldSend[] = [];

  hold(send: HeldSend): void {
    this.held.push(send);
  }

  /** Everything that waited for `durable` or an earlier write, in order. */
  release(durable: Ticket, send: (to: MemberId, message: PeerMessage) => void): void {
    if (this.held.length === 0) return;
    const all = this.held;
    this.held = [];
    for (const one of all) {
      if (one.after <= durable) send(one.to, one.message);
      else this.held.push(one);
    }
  }

  clear(): void {
    this.held = [];
  }
}
