/**
 * Leadership transfer (Raft thesis §3.10): bring the heir's log up to the leader's, then tell it to campaign at once.
 * It ends: after an election timeout the leader takes proposals again (pitfall 33).
 */
import { isVoter } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';
import { replicateTo } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

/** Begins to hand over. Nothing happens for a replica without a vote, for the leader itself, or twice for one heir. */
export function beginTransfer(state: RaftState, leader: LeaderRole, to: MemberId): void {
  if (to === state.id || leader.transfer?.to === to) return;
  if (!isVoter(state.memberships.latest.membership, to)) return;
  leader.transfer = { to, elapsedTicks: 0 };
  const heir = leader.progress.get(to)!;
  replicateTo(state, leader, heir);
  continueTransfer(state, leader, to);
}

/** Something was heard of `from`: if it is the heir and holds the whole log, it is its turn. Repeated, for messages get lost. */
export function continueTransfer(state: RaftState, leader: LeaderRole, from: MemberId): void {
  if (leader.transfer?.to !== from) return;
  if (leader.progress.get(from)?.matchIndex === state.log.lastIndex)
    state.outbox.send(from, { kind: 'timeoutNow', term: state.term });
}

export function tickTransfer(state: RaftState, leader: LeaderRole): void {
  if (leader.transfer === undefined) return;
  if (++leader.transfer.elapsedTicks >= state.settings.electionTimeoutTicks) leader.transfer = undefined;
}
