/**
 * Changes of membership by a stop slot: the old members decide it, nothing is assigned above it until it is chosen, then
 * the new ones rule: any set of voters, and quorums of any safe size (P12, P13).
 */
import { assert } from '../core/assert.ts';
import type { MembershipChangeFailure } from '../core/effects.ts';
import { type Membership, type MembershipChange, sameIds, simpleMembership } from '../core/membership.ts';
import { encodeMembership } from '../core/membership-codec.ts';
import { quorumIsSafe, quorumOf } from '../quorum/flexible.ts';
import { assign, freeSlots, sendToAll } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';

/** Proposes a change, or says why not. */
export function changeMembership(
  state: PaxosState,
  leader: LeaderRole,
  change: MembershipChange,
): MembershipChangeFailure | undefined {
  if (isChanging(leader)) return 'changeInProgress';
  // What earlier ballots left could be a change itself.
  if (leader.recovering || state.commitIndex < leader.recoveredTop) return 'noOwnTermCommit';
  assert(freeSlots(state, leader) > 0, 'P11: one slot of the window is kept for a change of membership');
  const { membership } = state.memberships.latest;
  const target = targetOf(change);
  if (target.voters.length === 0) return 'noVoters';
  if (!quorumIsSafe(target.voters.length, quorumOf(target))) return 'badQuorum';
  if (same(target, membership)) return 'unchanged';
  assign(state, leader, 'membership', encodeMembership(target));
  sendToAll(state, leader);
  return undefined;
}

/** Whether a change is not chosen yet, or not durably known to enough of the new members to do without the old ones (P17). */
export function isChanging({ stopSlot, retirement }: LeaderRole): boolean {
  return stopSlot !== undefined || retirement !== undefined;
}

function targetOf(change: MembershipChange): Membership {
  const simple = simpleMembership(change);
  const learners = simple.learners.filter((id) => !simple.voters.includes(id));
  return { ...simple, learners, ...(change.quorum === undefined ? {} : { quorum: change.quorum }) };
}

function same(left: Membership, right: Membership): boolean {
  return (
    sameIds(left.voters, right.voters) &&
    sameIds(left.learners, right.learners) &&
    quorumOf(left).phase1 === quorumOf(right).phase1 &&
    quorumOf(left).phase2 === quorumOf(right).phase2
  );
}
