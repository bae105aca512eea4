/**
 * R1: at most one leader a term, over restarts too. R6: a new leader holds everything that is committed. R16: it was
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
  const { committed } = run;
  require(log.at(committed.last) === committed.lastHash, 'R6', () =>
    `m${place} leads term ${term} without entry ${committed.last}, which is committed`);
  checkElected(run, replica, term);
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
