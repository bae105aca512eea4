/**
 * A cluster in which nothing happens but what a measurement does: no clients, no faults, a network with one delay for every
 * message and production's sizes. Everything follows from the seed.
 */
import { latin1Encode, TRIMMING_DEFAULTS } from '@synod/consensus';
import { key, NO_LEASE } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { CALM_NETWORK } from '../world/network.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { World } from '../world/world.ts';
import type { WorldShape } from '../world/world-shape.ts';

export interface CalmClusterOptions {
  readonly protocol: ProtocolUnderTest;
  readonly members: number;
  readonly seed: number;
  /** From one member to another, in milliseconds. */
  readonly delayMs: number;
  readonly trimming?: WorldShape['trimming'];
}

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** What every put writes. */
export const VALUE_BYTES = 256;
const SEGMENT_BYTES = 1024 * 1024;
/** A step of waiting, in milliseconds: how exact every measured time is. */
const STEP_MS = 0.5;
const SETTLE_MS = 5_000;
const LEADER_TRIES_MAX = 50;

export class CalmCluster {
  readonly world: World;
  private readonly delayMs: number;

  constructor({ protocol, members, seed, delayMs, trimming = TRIMMING_DEFAULTS }: CalmClusterOptions) {
    this.delayMs = delayMs;
    const sizes = { segmentBytes: SEGMENT_BYTES, trimming, hasTightLimits: false };
    this.world = new World({ seed, protocol, members, timing: 'partial', faults: [], clients: 0, sizes });
    this.world.network.conditions = { ...CALM_NETWORK, delayMinMs: delayMs, delayMaxMs: delayMs };
    for (const member of this.world.members) member.start();
    this.world.advance(SETTLE_MS);
  }

  get nowMs(): number {
    return this.world.queue.nowMs;
  }

  /** The longest a replica waits for a leader before it does something, without what chance adds. */
  get electionTimeoutMs(): number {
    const { electionTimeoutTicks, tickMs } = this.world.shape;
    return electionTimeoutTicks * tickMs;
  }

  get leader(): SimulatedMember {
    return this.world.leader()!;
  }

  member(place: number): SimulatedMember {
    return this.world.members[place]!;
  }

  /** Lets the member at this place lead. */
  makeLeader(place: number): void {
    for (let tries = 0; tries < LEADER_TRIES_MAX; tries++) {
      const leader = this.world.leader();
      if (leader?.place === place) return;
      leader?.life?.replica.transferLeadership(this.member(place).id);
      this.world.advance(SETTLE_MS);
    }
  }

  traffic(): Traffic {
    const { messages, bytes } = this.world.network;
    return { messages, bytes };
  }

  since(before: Traffic): Traffic {
    const { messages, bytes } = this.world.network;
    return { messages: messages - before.messages, bytes: bytes - before.bytes };
  }

  /** Writes one value of 256 bytes; `done` gets what went wrong, or nothing. */
  put(member: SimulatedMember, done: (failure: ServiceFailure | undefined) => void): void {
    member.life?.service.submit(PUT, {
      complete: (result) => done(result.kind === 'serviceFailure' ? result : undefined),
    });
  }

  /** Writes so many values, in turns of at most so many, and waits for each turn. */
  fill(entries: number): void {
    for (let left = entries; left > 0; left -= TURN) {
      let waiting = Math.min(left, TURN);
      for (let i = Math.min(left, TURN); i > 0; i--) this.put(this.leader, () => waiting--);
      this.until(() => waiting === 0, SETTLE_MS);
    }
  }

  /** Waits. @returns how long, in milliseconds; Infinity: it did not come true. */
  until(condition: () => boolean, limitMs: number, stepMs = STEP_MS): number {
    const startMs = this.nowMs;
    while (this.nowMs < startMs + limitMs) {
      if (condition()) return this.nowMs - startMs;
      this.world.advance(stepMs);
    }
    return condition() ? this.nowMs - startMs : Number.POSITIVE_INFINITY;
  }

  /** Everything between this member and these goes, both ways. */
  separate(place: number, others: readonly number[]): void {
    for (const other of others) {
      this.world.network.cut(place, other);
      this.world.network.cut(other, place);
    }
  }

  join(place: number, others: readonly number[]): void {
    for (const other of others) {
      this.world.network.mend(place, other);
      this.world.network.mend(other, place);
    }
  }

  /** A time as a multiple of how long a message takes. */
  inDelays(milliseconds: number): number {
    return milliseconds / this.delayMs;
  }
}

const TURN = 100;

const PUT = {
  module: 'keyspace',
  kind: 'put',
  key: key('k'),
  value: latin1Encode('v'.repeat(VALUE_BYTES)),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
} as const;
