/** Proposals: all of one input are appended together or refused together, with the reason and whom to ask instead. */

import type { RejectReason } from '../core/effects.ts';
import { ENTRY_OVERHEAD_BYTES } from '../core/entry.ts';
import { appendOwn, replicateToAll } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

export function propose(state: RaftState, payloads: readonly Uint8Array[]): void {
  if (payloads.length === 0) return;
  if (state.role.kind !== 'leader') {
    refuse(state, payloads, 'notLeader');
    return;
  }
  const reason = refusal(state, state.role, payloads);
  if (reason !== undefined) {
    refuse(state, payloads, reason);
    return;
  }
  appendOwn(state, state.role, 'command', payloads);
  replicateToAll(state, state.role);
}

function refusal(
  state: RaftState,
  leader: LeaderRole,
  payloads: readonly Uint8Array[],
): RejectReason | undefined {
  // The heir would never have the whole log if it kept growing.
  if (leader.transfer !== undefined) return 'transferring';
  let bytes = leader.uncommittedBytes;
  for (const payload of payloads) bytes += payload.length + ENTRY_OVERHEAD_BYTES;
  // One batch is let in whatever its size, or a batch over the limit could never be.
  if (leader.uncommittedBytes > 0 && bytes > state.settings.limits.uncommittedBytesMax)
    return 'tooManyUncommitted';
  return undefined;
}

function refuse(state: RaftState, payloads: readonly Uint8Array[], reason: RejectReason): void {
  state.outbox.push({ kind: 'rejected', payloads, reason, leader: state.leader });
}
