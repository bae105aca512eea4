/**
 * C19: a lease does not end by the clock before its TTL, counted from when its owner sent the last keep-alive that was
 * acknowledged; and nobody is told that it did, or that less of it is left. Clocks may run fast by what leases are promised
 * to survive, and a jump takes away no more than itself.
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
  /** What a lease may get on top when leadership changes. */
  readonly extensionMs: number;
}

export interface TimeToLive {
  readonly remainingSeconds: number;
  readonly grantedSeconds: number;
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

  renewed(id: string, ttlSeconds: number, sent: SendTime): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    requireTtl(id, lease, ttlSeconds);
    if (sent.sentMs > lease.sent.sentMs) lease.sent = sent;
  }

  /** Its owner asked what is left of it. */
  told(id: string, { remainingSeconds, grantedSeconds }: TimeToLive): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    requireTtl(id, lease, grantedSeconds);
    const { driftMax, extensionMs } = this.ports;
    // Whole seconds, rounded down; by a clock that may run slow.
    const leftMs = (remainingSeconds + 1) * 1000 * (1 + driftMax);
    const owedMs = this.owedMs(lease) - this.livedMs(lease);
    require(leftMs >= owedMs, 'C19', () =>
      `lease ${id} was told to have ${remainingSeconds} s left, and ${owedMs.toFixed(0)} ms of it are promised`);
    require(remainingSeconds * 1000 <= lease.ttlMs + extensionMs, 'C19', () =>
      `lease ${id} of ${lease.ttlMs} ms was told to have ${remainingSeconds} s left`);
  }

  /** Its owner was told that there is no such lease: it ended, or its expiry is on the way. */
  notFound(id: string): void {
    const lease = this.leases.get(id);
    if (lease !== undefined) this.requireOver(id, lease);
  }

  /** The end of a lease is committed. */
  ended(id: string, expired: boolean): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    this.leases.delete(id);
    if (!expired) return;
    this.expiries++;
    this.requireOver(id, lease);
  }

  private requireOver(id: string, lease: LeaseTime): void {
    const livedMs = this.livedMs(lease);
    require(livedMs >= this.owedMs(lease) - 1, 'C19', () =>
      `lease ${id} of ${lease.ttlMs} ms ended ${livedMs.toFixed(0)} ms after it was last renewed`);
  }

  private livedMs({ sent }: LeaseTime): number {
    return this.ports.nowMs() - sent.sentMs;
  }

  /** How long it must live at least. A clock that jumped forward was honest about everything but the time between. */
  private owedMs({ ttlMs, sent }: LeaseTime): number {
    const { jumpedMs, driftMax } = this.ports;
    return ttlMs * (1 - driftMax) - (jumpedMs() - sent.jumpedMs);
  }
}

function requireTtl(id: string, { ttlMs }: LeaseTime, toldSeconds: number): void {
  require(toldSeconds * 1000 === ttlMs, 'C19', () =>
    `lease ${id} was granted ${ttlMs} ms, and ${toldSeconds} s were told`);
}
