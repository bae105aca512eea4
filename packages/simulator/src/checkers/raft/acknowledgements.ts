/** R10: an acknowledgement says what was durable at that moment, of that leader's log. */
import { require } from '../rule-broken.ts';
import type { ReplicaRecord } from './replica-record.ts';
import type { RunRecord } from './run-record.ts';

export function noteAcknowledgementLeaves(
  run: RunRecord,
  { place, durable }: ReplicaRecord,
  term: number,
  matchIndex: number,
): void {
  const leaderLog = run.leaderLogs.get(term);
  require(leaderLog !== undefined, 'R10', () =>
    `m${place} acknowledges ${matchIndex} to a leader of term ${term} that never was`);
  require((run.durableTerms[place] ?? 0) <= term, 'R10', () =>
    `m${place} acknowledges ${matchIndex} in term ${term}, which is past`);
  require(durable.last >= matchIndex && durable.at(matchIndex) === leaderLog.at(matchIndex), 'R10', () =>
    `m${place} acknowledges ${matchIndex} of term ${term}, and its disk holds something else`);
}
