/**
 * C19: a lease does not end by the clock before its TTL, counted from when its owner sent the last keep-alive that was
 * acknowledged. Clocks may run fast by what leases are promised to survive, and a jump takes away no more than itself.
 */
import { require } from './rule-broken.ts';

/** When a client sent something, and how far all clocks had jumped by then. */
export interface SendTime {
  readonly sentMs: number;
  readonly jumpedMs: number;
}

interface LeaseTime {
  readonly ttlMs: number;
  /** When the last acknowledged grant or keep-alive was sent. Rises. */
  sent: SendTime;
}

export interface LeaseTimesPorts {
  readonly nowMs: () => number;
  /** How far all members' clocks have jumped, together. */
  readonly jumpedMs: () => number;
  /** How much faster than true time a clock may run: 0.05 is five in a hundred. */
  readonly driftMax: number;
}

export class LeaseTimes {
  expiries = 0;
  private readonly ports: LeaseTimesPorts;
  private readonly leases = new Map<string, LeaseTime>();

  constructor(ports: LeaseTimesPorts) {
    this.ports = ports;
  }

  /** To be noted when a grant or a keep-alive is sent, not when it is answered. */
  now(): SendTime {
    return { sentMs: this.ports.nowMs(), jumpedMs: this.ports.jumpedMs() };
  }

  granted(id: string, ttlSeconds: number, sent: SendTime): void {
    this.leases.set(id, { ttlMs: ttlSeconds * 1000, sent });
  }

  renewed(id: string, sent: SendTime): void {
    const lease = this.leases.get(id);
    if (lease !== undefined && sent.sentMs > lease.sent.sentMs) lease.sent = sent;
  }

  /** The end of a lease is committed. */
  ended(id: string, expired: boolean): void {
    const lease = this.leases.get(id);
    if (lease === undefined || !expired) return;
    this.leases.delete(id);
    this.expiries++;
    const { nowMs, jumpedMs, driftMax } = this.ports;
    const livedMs = nowMs() - lease.sent.sentMs;
    // A clock that jumped forward was honest about everything but the time between.
    const owedMs = lease.ttlMs * (1 - driftMax) - (jumpedMs() - lease.sent.jumpedMs);
    require(livedMs >= owedMs - 1, 'C19', () =>
      `lease ${id} of ${lease.ttlMs} ms ended ${livedMs.toFixed(0)} ms after it was last renewed`);
  }
}
