/** Told of what the protocol does that nobody else sees, for whoever counts and measures. It gives nothing back. */
import type { RangeQuery } from '@synod/coordination';

export interface EtcdObserver {
  /** A client's range was answered, so long after it came. */
  rangeAnswered(query: RangeQuery, milliseconds: number, succeeded: boolean): void;
  /** A response with events was handed over; for so long nothing more could be on its stream. */
  watchEventsSent(events: number, milliseconds: number): void;
  /** So many events more, or fewer, wait for clients to take them. */
  watchEventsHeld(change: number): void;
  /** A client was told that a watch was created or cancelled. */
  watchAnswered(milliseconds: number): void;
  /** One stream's round of bookmarks. */
  watchProgressTold(milliseconds: number): void;
  learnerPromoted(): void;
  /** `reason`: what the client was told. */
  learnerNotPromoted(reason: string): void;
  /** What `/health` answered. */
  healthTold(isHealthy: boolean): void;
  /** What a check of `/livez` or `/readyz` found; `type`: which of them. */
  checked(type: string, name: string, isWell: boolean): void;
}

export const UNOBSERVED: EtcdObserver = {
  rangeAnswered: () => {},
  watchEventsSent: () => {},
  watchEventsHeld: () => {},
  watchAnswered: () => {},
  watchProgressTold: () => {},
  learnerPromoted: () => {},
  learnerNotPromoted: () => {},
  healthTold: () => {},
  checked: () => {},
};
