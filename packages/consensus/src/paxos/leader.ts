/** What a leader does with what it hears, and with time. */
import type { RejectReason } from '../core/effects.ts';
import { ENTRY_OVERHEAD_BYTES } from '../core/entry.ts';
import type { MemberId } from '../core/numbers.ts';
import { advanceCommit, tickRetirement } from './leader-commit.ts';
import type { Accepted, HeartbeatReply } from './messages.ts';
import { tickRecovery } from './proposer.ts';
import { confirmReadRounds, openReadRound } from './reads.ts';
import {
  assignBacklog,
  sendCommitNotice,
  sendHeartbeats,
  sendTo,
  sendToAll,
  tickPeers,
} from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';
import { continueTransfer, tickTransfer } from './transfer.ts';

/** Phase 1 is complete: everybody hears of it. */
export function leaderBegins(state: PaxosState, leader: LeaderRole): void {
  sendHeartbeats(state, leader);
}

/** Everything that earlier ballots may have chosen is proposed again: new values may follow. */
export function recoveryEnded(state: PaxosState, leader: LeaderRole): void {
  assignBacklog(state, leader);
  sendToAll(state, leader);
  openReadRound(state, leader);
}

/** Commands to be given slots. All of them are taken, or none. */
export function propose(state: PaxosState, payloads: readonly Uint8Array[]): void {
  if (payloads.length === 0) return;
  const { role } = state;
  const reason = role.kind === 'leader' ? whyNot(state, role, payloads) : 'notLeader';
  if (reason !== undefined || role.kind !== 'leader') {
    state.outbox.push({
      kind: 'rejected',
      payloads,
      reason: reason ?? 'notLeader',
      leader: state.leader,
    });
    return;
  }
  for (const payload of payloads) {
    role.backlog.push(payload);
    role.backlogBytes += payload.length + ENTRY_OVERHEAD_BYTES;
  }
  assignBacklog(state, role);
  sendToAll(state, role);
}

function whyNot(
  state: PaxosState,
  leader: LeaderRole,
  payloads: readonly Uint8Array[],
): RejectReason | undefined {
  if (leader.transfer !== undefined || !state.isVoter) return 'transferring';
  let bytes = 0;
  for (const payload of payloads) bytes += payload.length + ENTRY_OVERHEAD_BYTES;
  const waiting = leader.uncommittedBytes + leader.backlogBytes;
  const isTooMuch = waiting + bytes > state.settings.limits.uncommittedBytesMax;
  return waiting > 0 && isTooMuch ? 'tooManyUncommitted' : undefined;
}

export function receiveAccepted(
  state: PaxosState,
  leader: LeaderRole,
  from: MemberId,
  message: Accepted,
): void {
  const peer = leader.peers.get(from);
  if (peer === undefined) return;
  peer.silentTicks = 0;
  if (message.chosenUpTo > peer.chosenUpTo) peer.chosenUpTo = message.chosenUpTo;
  // More than was assigned nobody can have accepted.
  peer.acknowledged(message.first, Math.min(message.last, leader.nextSlot - 1));
  advanceCommit(state, leader);
  sendTo(state, leader, peer);
  sendCommitNotice(state, leader, peer);
  continueTransfer(state, leader, from);
}

export function receiveHeartbeatReply(
  state: PaxosState,
  leader: LeaderRole,
  from: MemberId,
  message: HeartbeatReply,
): void {
  const peer = leader.peers.get(from);
  if (peer === undefined) return;
  peer.silentTicks = 0;
  if (message.chosenUpTo > peer.chosenUpTo) peer.chosenUpTo = message.chosenUpTo;
  if (message.readRound > peer.confirmedRound) peer.confirmedRound = message.readRound;
  confirmReadRounds(state, leader);
  // A new member's knowledge may be what a change of membership waits for.
  advanceCommit(state, leader);
  sendTo(state, leader, peer);
  continueTransfer(state, leader, from);
}

export function tickLeader(state: PaxosState, leader: LeaderRole): void {
  tickTransfer(state, leader);
  tickPeers(state, leader);
  if (++leader.heartbeatElapsedTicks < state.settings.heartbeatTicks) return;
  leader.heartbeatElapsedTicks = 0;
  tickRecovery(state, leader);
  sendHeartbeats(state, leader);
  tickRetirement(state, leader);
}
