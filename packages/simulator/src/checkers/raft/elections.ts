/**
 * R1: at most one leader a term, over restarts too. R6: a leader holds everything that was committed in earlier terms. R16: it was
 * elected by a quorum of voters, whose votes were seen to leave.
 */
import { decodeHardState } from '@synod/consensus/raft/hard-state.ts';
import { require } from '../rule-broken.ts';
import { isQuorum, type ReplicaRecord } from './replica-record.ts';
import { pairKey, type RunRecord } from './run-record.ts';

export function noteLeadership(run: RunRecord, replica: ReplicaRecord, term: number): void {
  const { place, log } = replica;
  const other = run.leaders.get(term);
  require(other === undefined, 'R1', () => `m${place} leads term ${term}, which m${other} led before`);
  run.leaders.set(term, place);
  run.leaderLogs.set(term, log.copy());
  replica.leadingTerm = term;
  const owed = committedBefore(run, term);
  require(log.at(owed) === run.committed.at(owed), 'R6', () =>
    `m${place} leads term ${term} without entry ${owed}, which was committed in an earlier one`);
  checkElected(run, replica, term);
}

/** A vote may come so late that a later term has committed already: that much such a leader does not owe. */
function committedBefore(run: RunRecord, term: number): number {
  let owed = 0;
  for (const [earlier, index] of run.committedBy) if (earlier < term) owed = Math.max(owed, index);
  return owed;
}

function checkElected(run: RunRecord, { place, core, durableHardState }: ReplicaRecord, term: number): void {
  const { id, state } = core!;
  const own = durableHardState && decodeHardState(durableHardState);
  const votedForIt = (voter: string): boolean => {
    if (voter === id) return own?.term === term && own.vote === id;
    const votersPlace = run.placeOf.get(voter as never);
    return votersPlace !== undefined && run.votes.get(pairKey(votersPlace, term)) === id;
  };
  // The membership in which it stood: what it appends as a leader comes later.
  const { membership } = state.memberships.latest;
  require(isQuorum(membership, votedForIt), 'R16', () =>
    `m${place} leads term ${term} without the votes of a quorum of ${membership.voters.join(' ')}`);
}
