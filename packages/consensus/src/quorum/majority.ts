/**
 * The majority quorum over one set of voters, as pure functions. Knows neither roles nor logs: a "value" is whatever
 * a voter has acknowledged (a log index, the number of a read round).
 */
import type { MemberId } from '../core/numbers.ts';

/** What the votes counted so far amount to. */
export type VoteOutcome = 'won' | 'lost' | 'pending';

/** The fewest voters such that any two groups of that many share one. */
export function majoritySize(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/**
 * The highest value that at least `quorumSize` of the voters have reached; Infinity without voters, so that an empty
 * half of a joint quorum holds nothing up. `valueAt` is 0 for a voter that has acknowledged nothing.
 */
export function quorumValue(
  voters: readonly MemberId[],
  valueAt: (voter: MemberId) => number,
  quorumSize: number,
): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  // Insertion sort, highest first: voters are few, and this runs for every acknowledgement.
  const values: number[] = [];
  for (const voter of voters) {
    const value = valueAt(voter);
    let at = values.length;
    while (at > 0 && values[at - 1]! < value) {
      values[at] = values[at - 1]!;
      at--;
    }
    values[at] = value;
  }
  return values[quorumSize - 1] ?? 0;
}

/** Won with `quorumSize` grants, lost when the voters still silent can no longer make that many. */
export function voteOutcome(
  voters: readonly MemberId[],
  votes: ReadonlyMap<MemberId, boolean>,
  quorumSize: number,
): VoteOutcome {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let silent = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === undefined) silent++;
    else if (vote) granted++;
  }
  if (granted >= quorumSize) return 'won';
  return granted + silent >= quorumSize ? 'pending' : 'lost';
}
