/**
 * R10: an acknowledgement says what was durable at that moment, of that leader's log; and it stays true while its sender is in that
 * term, for the leader goes on counting on it.
 */
import { require } from '../rule-broken.ts';
import type { Acknowledged, ReplicaRecord } from './replica-record.ts';
import type { RunRecord } from './run-record.ts';

/** The core has put an acknowledgement on its way. It never leaves if this life ends before. */
export function noteAcknowledged(replica: ReplicaRecord, term: number, matchIndex: number): void {
  replica.acknowledged = furthest(replica.acknowledged, { term, matchIndex });
}

function furthest(before: Acknowledged, now: Acknowledged): Acknowledged {
  if (before.term !== now.term) return before.term > now.term ? before : now;
  return before.matchIndex > now.matchIndex ? before : now;
}

/** An entry is written in the term `term`. What was acknowledged in it is written once. */
export function checkAcknowledgedStays({ place, acknowledged }: ReplicaRecord, term: number, index: number) {
  require(acknowledged.term !== term || index > acknowledged.matchIndex, 'R10', () =>
    `m${place} writes ${index} anew in term ${term}, in which it has acknowledged ${acknowledged.matchIndex}`);
}

export function noteAcknowledgementLeaves(
  run: RunRecord,
  replica: ReplicaRecord,
  term: number,
  matchIndex: number,
): void {
  const { place, durable } = replica;
  replica.acknowledgedForGood = furthest(replica.acknowledgedForGood, { term, matchIndex });
  const leaderLog = run.leaderLogs.get(term);
  require(leaderLog !== undefined, 'R10', () =>
    `m${place} acknowledges ${matchIndex} to a leader of term ${term} that never was`);
  require((run.durableTerms[place] ?? 0) <= term, 'R10', () =>
    `m${place} acknowledges ${matchIndex} in term ${term}, which is past`);
  require(durable.last >= matchIndex && durable.at(matchIndex) === leaderLog.at(matchIndex), 'R10', () =>
    `m${place} acknowledges ${matchIndex} of term ${term}, and its disk holds something else`);
}
