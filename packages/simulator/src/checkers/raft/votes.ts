/** R2: one grantee a term, and only once that is durable. R3: the durable term never falls. */

import type { MemberId } from '@synod/consensus';
import { decodeHardState } from '@synod/consensus/raft/hard-state.ts';
import { require } from '../rule-broken.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { pairKey, type RunRecord } from './run-record.ts';

/** A granted vote leaves for `grantee`. */
export function noteVoteLeaves(
  run: RunRecord,
  replica: ReplicaRecord,
  term: number,
  grantee: MemberId,
): void {
  const { place, durableHardState } = replica;
  const key = pairKey(place, term);
  const before = run.votes.get(key);
  require(before === undefined || before === grantee, 'R2', () =>
    `m${place} votes for ${grantee} in term ${term}, after ${before}`);
  run.votes.set(key, grantee);
  const durable = durableHardState && decodeHardState(durableHardState);
  require(durable !== undefined &&
    (durable.term > term || (durable.term === term && durable.vote === grantee)), 'R2', () =>
    `the vote of m${place} in term ${term} leaves before it is durable`);
}

export function noteDurableTerm(run: RunRecord, { place, durableHardState }: ReplicaRecord): void {
  if (durableHardState === undefined) return;
  const { term } = decodeHardState(durableHardState);
  const before = run.durableTerms[place] ?? 0;
  require(term >= before, 'R3', () => `the durable term of m${place} falls from ${before} to ${term}`);
  run.durableTerms[place] = term;
}
