/**
 * A replica whose state machine lost what it held: the log and the votes are whole, so it takes part in consensus, and asks
 * the others for their state, one after the other, until one comes. What is done with it is the machine driver's business.
 */
import type { CoreStatus } from '../core/core.ts';
import { heirOf } from '../core/heir.ts';
import { allMembers } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';

export interface AwaitedStatePorts {
  readonly self: MemberId;
  readonly electionTimeoutTicks: number;
  readonly status: () => CoreStatus;
  /** Bytes of the state that is arriving; undefined: none is. */
  readonly arrivedBytes: () => number | undefined;
  readonly ask: (member: MemberId) => void;
  readonly transferLeadership: (to: MemberId) => void;
}

export class AwaitedState {
  private readonly ports: AwaitedStatePorts;
  private ticks = 0;
  private asked = 0;
  private arrivedBefore: number | undefined = undefined;

  constructor(ports: AwaitedStatePorts) {
    this.ports = ports;
  }

  tick(): void {
    const status = this.ports.status();
    this.giveLeadershipAway(status);
    // The first question goes at once: whoever starts without a state has nothing else to do.
    if (this.ticks++ % this.ports.electionTimeoutTicks !== 0) return;
    const arrived = this.ports.arrivedBytes();
    const stands = arrived === undefined || arrived === this.arrivedBefore;
    this.arrivedBefore = arrived;
    if (!stands) return;
    const others = allMembers(status.membership).filter((id) => id !== this.ports.self);
    const next = others[this.asked++ % Math.max(1, others.length)];
    if (next !== undefined) this.ports.ask(next);
  }

  /** A leader that cannot read answers nobody; what it commits meanwhile is committed all the same. */
  private giveLeadershipAway(status: CoreStatus): void {
    if (status.transferring) return;
    const heir = heirOf(status);
    if (heir !== undefined) this.ports.transferLeadership(heir);
  }
}
