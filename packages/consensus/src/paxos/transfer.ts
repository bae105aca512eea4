/**
 * Leadership transfer: let the heir catch up with what is open, then tell it to stand at once. It need not hold everything:
 * phase 1 would bring the rest. It ends: after an election timeout the leader takes proposals again (pitfall 33).
 */
import { isVoter } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';

/** Begins to hand over. Nothing happens for a replica without a vote, for the leader itself, or twice for one heir. */
export function beginTransfer(state: PaxosState, leader: LeaderRole, to: MemberId): void {
  if (to === state.id || leader.transfer?.to === to) return;
  if (!isVoter(state.memberships.latest.membership, to)) return;
  leader.transfer = { to, elapsedTicks: 0 };
  continueTransfer(state, leader, to);
}

/** Something was heard of `from`: if it is the heir and holds all that is open, it is its turn. Repeated, for messages get lost. */
export function continueTransfer(state: PaxosState, leader: LeaderRole, from: MemberId): void {
  if (leader.transfer?.to !== from) return;
  const heir = leader.peers.get(from);
  if (heir === undefined) return;
  for (let slot: number = state.commitIndex + 1; slot < leader.nextSlot; slot++)
    if (!heir.acked.has(slot)) return;
  state.outbox.send(from, { kind: 'timeoutNow', ballot: state.promised });
}

export function tickTransfer(state: PaxosState, leader: LeaderRole): void {
  if (leader.transfer === undefined) return;
  if (++leader.transfer.elapsedTicks >= state.settings.electionTimeoutTicks) leader.transfer = undefined;
}
