/**
 * When a value is chosen: a phase-2 quorum of the slot's own membership holds it durably at the leader's ballot. Slots may
 * fill in any order; the commit index is where the chosen ones begin to have a gap.
 */
import { assert } from '../core/assert.ts';
import { type Entry, entryBytes } from '../core/entry.ts';
import { allMembers, isVoter } from '../core/membership.ts';
import { logIndex, type MemberId } from '../core/numbers.ts';
import { isPhase2Quorum } from '../quorum/flexible.ts';
import { commitUpTo } from './learner.ts';
import { recoverSlots } from './proposer.ts';
import { openReadRound } from './reads.ts';
import { assignBacklog, sendCommitNotices, sendToAll } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';
import { addPeers, stepDown } from './transitions.ts';

/** Some slot was acknowledged: moves the commit index as far as the acknowledgements reach. */
export function advanceCommit(state: PaxosState, leader: LeaderRole): void {
  const before = state.commitIndex;
  while (state.commitIndex + 1 < leader.nextSlot && isChosen(state, leader, state.commitIndex + 1))
    commitUpTo(state, logIndex(state.commitIndex + 1));
  if (state.commitIndex === before) return;
  commitAdvanced(state, leader);
}

/** The commit rose, by counting or by learning. */
function commitAdvanced(state: PaxosState, leader: LeaderRole): void {
  recoverSlots(state, leader);
  assignBacklog(state, leader);
  sendToAll(state, leader);
  sendCommitNotices(state, leader);
  openReadRound(state, leader);
}

function isChosen(state: PaxosState, leader: LeaderRole, slot: number): boolean {
  const holds = (id: MemberId): boolean => leader.peers.get(id)?.acked.has(slot) === true;
  if (!isPhase2Quorum(state.memberships.latest.membership, holds)) return false;
  const { stopSlot } = leader;
  if (stopSlot?.slot !== slot) return true;
  // P17: the old members may go once it is chosen, so the new ones must hold all of it by then.
  return isPhase2Quorum(stopSlot.membership, (id) => holds(id) && chosenAt(state, leader, id) >= slot - 1);
}

/** Up to where a member holds durably what is chosen. */
function chosenAt(state: PaxosState, leader: LeaderRole, id: MemberId): number {
  return id === state.id ? state.durableCommit : (leader.peers.get(id)?.chosenUpTo ?? 0);
}

/** A slot is committed at a leader: its account of it ends; if it holds a membership, that one is in force now. */
export function slotCommitted(state: PaxosState, leader: LeaderRole, entry: Entry): void {
  if (entry.index < leader.nextSlot)
    leader.uncommittedBytes = Math.max(0, leader.uncommittedBytes - entryBytes(entry));
  else leader.nextSlot = logIndex(entry.index + 1);
  if (entry.kind !== 'membership') return;
  if (leader.stopSlot !== undefined)
    assert(leader.stopSlot.slot === entry.index, 'P13: a stop slot ends alone');
  leader.stopSlot = undefined;
  leader.recovering = true;
  const members = allMembers(state.memberships.latest.membership);
  addPeers(state, leader, members);
  const gone = [...leader.peers.keys()].filter((id) => id !== state.id && !members.includes(id));
  leader.retirement = { slot: entry.index, members: gone, ageTicks: 0 };
  if (leader.transfer !== undefined && !members.includes(leader.transfer.to)) leader.transfer = undefined;
}

/**
 * Members that were removed are told when enough of the new ones know; then they are forgotten, and a leader that was
 * itself removed hands over.
 */
export function tickRetirement(state: PaxosState, leader: LeaderRole): void {
  const { retirement } = leader;
  if (retirement === undefined) return;
  const { membership } = state.memberships.latest;
  if (!isPhase2Quorum(membership, (id) => chosenAt(state, leader, id) >= retirement.slot)) return;
  if (retirement.ageTicks++ === 0) {
    for (const id of retirement.members)
      state.outbox.send(id, { kind: 'commitNotice', ballot: state.promised, commitIndex: state.commitIndex });
  }
  if (retirement.ageTicks < state.settings.heartbeatTicks) return;
  for (const id of retirement.members) leader.peers.delete(id);
  leader.retirement = undefined;
  if (!isVoter(membership, state.id)) leave(state, leader);
  // A change that an earlier ballot left may have waited for the end of this one.
  else recoverSlots(state, leader);
}

/** A removed leader names an heir that knows of it, so that no election timeout passes. */
function leave(state: PaxosState, leader: LeaderRole): void {
  let heir: MemberId | undefined;
  for (const id of state.memberships.latest.membership.voters)
    if (heir === undefined || chosenAt(state, leader, id) > chosenAt(state, leader, heir)) heir = id;
  if (heir !== undefined) state.outbox.send(heir, { kind: 'timeoutNow', ballot: state.promised });
  stepDown(state);
}
