/** What every core is made with, whatever its protocol, and how it counts time. */
import { assert } from './assert.ts';
import type { RecoveredLog } from './core.ts';
import type { MemberId } from './numbers.ts';

export interface CoreOptions {
  readonly id: MemberId;
  /** What the journal holds. */
  readonly protocolRecovered: RecoveredLog;
  /** Default 10. */
  readonly electionTimeoutTicks?: number;
  /** Default 1. */
  readonly heartbeatTicks?: number;
  /** In [0, 1); the only source of randomness. */
  readonly random: () => number;
}

export interface CoreTiming {
  /** A leader unheard of for about this long is given up (R20); each protocol says how chance comes in. */
  readonly electionTimeoutTicks: number;
  readonly heartbeatTicks: number;
}

const DEFAULT_ELECTION_TIMEOUT_TICKS = 10;
const DEFAULT_HEARTBEAT_TICKS = 1;

export function coreTiming(options: CoreOptions): CoreTiming {
  const electionTimeoutTicks = options.electionTimeoutTicks ?? DEFAULT_ELECTION_TIMEOUT_TICKS;
  const heartbeatTicks = options.heartbeatTicks ?? DEFAULT_HEARTBEAT_TICKS;
  assert(heartbeatTicks >= 1, 'a heartbeat takes at least a tick');
  assert(electionTimeoutTicks > heartbeatTicks, 'an election timeout outlasts a heartbeat');
  return { electionTimeoutTicks, heartbeatTicks };
}
