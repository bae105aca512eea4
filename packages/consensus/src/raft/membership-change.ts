/**
 * Changes of membership at the leader (Raft §6): one voter at a time in a single step, more by joint consensus, which
 * is left by itself. The core finds the steps from the set that is asked for.
 */
import { assert } from '../core/assert.ts';
import type { MembershipChangeFailure } from '../core/effects.ts';
import { isJoint, type Membership, type MembershipChange, sameIds, sortedIds } from '../core/membership.ts';
import { encodeMembership } from '../core/membership-codec.ts';
import type { MemberId } from '../core/numbers.ts';
import { ownTermIsCommitted } from './commit.ts';
import { appendOwn, replicateToAll } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

/** Appends the first step of a change, or says why not. */
export function changeMembership(
  state: RaftState,
  leader: LeaderRole,
  change: MembershipChange,
): MembershipChangeFailure | undefined {
  const { membership, index } = state.memberships.latest;
  if (index > state.commitIndex || isJoint(membership)) return 'changeInProgress';
  // Otherwise an older, uncommitted change could come back under another leader (pitfall 1).
  if (!ownTermIsCommitted(state)) return 'noOwnTermCommit';
  const voters = sortedIds(change.voters);
  const learners = sortedIds(change.learners).filter((id) => !voters.includes(id));
  if (voters.length === 0) return 'noVoters';
  if (change.quorum !== undefined) return 'badQuorum';
  if (sameIds(voters, membership.voters) && sameIds(learners, membership.learners)) return 'unchanged';
  appendMembership(state, leader, firstStep(membership, voters, learners));
  return undefined;
}

/** The target itself when at most one voter comes or goes, for then any two quorums meet; otherwise the joint of both. */
export function firstStep(
  from: Membership,
  voters: readonly MemberId[],
  learners: readonly MemberId[],
): Membership {
  const coming = voters.filter((id) => !from.voters.includes(id)).length;
  const going = from.voters.filter((id) => !voters.includes(id)).length;
  if (coming + going <= 1) return { voters, outgoingVoters: [], learners, learnersNext: [] };
  return {
    voters,
    outgoingVoters: from.voters,
    learners: learners.filter((id) => !from.voters.includes(id)),
    learnersNext: learners.filter((id) => from.voters.includes(id)),
  };
}

/** What a joint membership ends in. */
export function lastStep(joint: Membership): Membership {
  return {
    voters: joint.voters,
    outgoingVoters: [],
    learners: sortedIds([...joint.learners, ...joint.learnersNext]),
    learnersNext: [],
  };
}

/** Leaves a joint membership once it is committed, whoever the leader is by then. */
export function leaveJointMembership(state: RaftState, leader: LeaderRole): void {
  const { membership, index } = state.memberships.latest;
  if (!isJoint(membership) || index > state.commitIndex || !ownTermIsCommitted(state)) return;
  appendMembership(state, leader, lastStep(membership));
}

function appendMembership(state: RaftState, leader: LeaderRole, membership: Membership): void {
  assert(state.memberships.latest.index <= state.commitIndex, 'at most one change is uncommitted');
  appendOwn(state, leader, 'membership', [encodeMembership(membership)]);
  replicateToAll(state, leader);
}
