/** Plays many partial partitions, and says how soon commits went on in them. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { timeToCommit } from './connectivity.ts';
import type { ConnectivityCase } from './connectivity-cases.ts';

/** R21. */
export const RESUME_ELECTION_TIMEOUTS = 4;

export interface ConnectivitySurvey {
  readonly cases: number;
  /** In election timeouts, as the two below; Infinity: not within the time that was given. */
  readonly median: number;
  readonly ninetyNinth: number;
  readonly slowest: number;
  /** Those in which commits did not go on within four election timeouts. */
  readonly late: readonly { readonly of: ConnectivityCase; readonly electionTimeouts: number }[];
}

/**
 * `played` hears how many cases are behind. Each case gets twice the time that it may take, to tell what is late from what never comes.
 * @throws whatever rule breaks
 */
export function surveyConnectivity(
  cases: readonly ConnectivityCase[],
  protocol: ProtocolUnderTest,
  seed: number,
  played: (count: number) => void,
): ConnectivitySurvey {
  const times: number[] = [];
  const late: { of: ConnectivityCase; electionTimeouts: number }[] = [];
  for (const of of cases) {
    const electionTimeouts = timeToCommit(of, protocol, seed, 2 * RESUME_ELECTION_TIMEOUTS);
    times.push(electionTimeouts);
    if (electionTimeouts > RESUME_ELECTION_TIMEOUTS) late.push({ of, electionTimeouts });
    played(times.length);
  }
  times.sort((left, right) => left - right);
  const at = (share: number): number =>
    times[Math.min(Math.floor(share * times.length), times.length - 1)] ?? 0;
  return { cases: times.length, median: at(0.5), ninetyNinth: at(0.99), slowest: at(1), late };
}
