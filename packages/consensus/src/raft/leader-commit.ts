/** How a leader commits by counting, and what follows from it: reads may begin, a joint membership is left, a removed leader goes. */
import { assert } from '../core/assert.ts';
import { entryBytes } from '../core/entry.ts';
import { isJoint } from '../core/membership.ts';
import { logIndex } from '../core/numbers.ts';
import { valueHeldByQuorum } from '../quorum/membership-quorum.ts';
import { commitUpTo } from './commit.ts';
import { leaveJointMembership } from './membership-change.ts';
import { openReadRound } from './reads.ts';
import { replicateToAll, sendCommitNotices } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';
import { becomeFollower } from './transitions.ts';

/** Raises the commit index as far as a quorum holds the log durably. Returns whether the leader stepped down over it. */
export function advanceCommit(state: RaftState, leader: LeaderRole): boolean {
  const { latest } = state.memberships;
  const held = logIndex(valueHeldByQuorum(latest.membership, leader.matchOf));
  // R8: entries of earlier terms are never committed by counting, only through one of the own term (pitfall 11).
  if (held <= state.commitIndex || state.log.epochAt(held) !== state.term) return false;
  for (let index: number = state.commitIndex + 1; index <= held; index++)
    leader.uncommittedBytes -= entryBytes(state.log.entryAt(logIndex(index))!);
  commitUpTo(state, held);
  assert(leader.uncommittedBytes >= 0, 'uncommitted bytes are counted once');
  openReadRound(state, leader);
  leaveJointMembership(state, leader);
  if (goIfRemoved(state, leader)) return true;
  // Room in a window may have been made by the acknowledgement that led here.
  replicateToAll(state, leader);
  sendCommitNotices(state, leader);
  return false;
}

/** A leader without a vote goes once that is committed, not before, and names an heir to save an election timeout (pitfall 32). */
function goIfRemoved(state: RaftState, leader: LeaderRole): boolean {
  const { membership, index } = state.memberships.latest;
  if (state.selfIsVoter || isJoint(membership) || index > state.commitIndex) return false;
  sendCommitNotices(state, leader);
  const heir = membership.voters.find((id) => leader.matchOf(id) === state.log.lastIndex);
  if (heir !== undefined) state.outbox.send(heir, { kind: 'timeoutNow', term: state.term });
  becomeFollower(state, state.term, undefined);
  return true;
}
