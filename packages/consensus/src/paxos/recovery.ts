/**
 * What a replica makes of its journal at birth. Everything read back is durable. What is chosen it knows as far as the
 * last hard state says or its own state machine reaches; the rest it learns again.
 */
import { assert } from '../core/assert.ts';
import type { RecoveredLog } from '../core/core.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { type MembershipAt, Memberships } from '../core/memberships.ts';
import { type LogIndex, logIndex, NO_INDEX } from '../core/numbers.ts';
import { AcceptedSlots } from './accepted-slots.ts';
import { NO_BALLOT } from './ballot.ts';
import { decodeHardState, type HardState } from './hard-state.ts';
import type { SlotRange } from './messages.ts';
import type { PaxosBeginnings } from './state.ts';

/** @throws MalformedBytes when the hard state or a membership is not of this version. */
export function recover(recovered: RecoveredLog, unknown: readonly SlotRange[]): PaxosBeginnings {
  const { snapshot } = recovered;
  const slots = new AcceptedSlots(snapshot.index, snapshot.epoch);
  // A slot that was written again holds what was written last.
  for (const entry of recovered.entries) if (entry.index > snapshot.index) slots.put(entry);
  const hardState: HardState =
    recovered.hardState === undefined
      ? { promised: NO_BALLOT, owner: undefined, chosenUpTo: snapshot.index }
      : decodeHardState(recovered.hardState);
  const recordedCommit = logIndex(Math.max(snapshot.index, hardState.chosenUpTo));
  const commitIndex = appliedBefore(slots, recordedCommit, recovered.stateIndex ?? NO_INDEX, unknown);
  const memberships = new Memberships({ index: snapshot.index, membership: snapshot.membership });
  for (let slot = snapshot.index + 1; slot <= commitIndex; slot++) {
    const entry = slots.at(slot);
    assert(entry !== undefined, 'P14: what the journal says is chosen is in the journal');
    if (entry.kind === 'membership')
      memberships.append({ index: entry.index, membership: decodeMembership(entry.payload) });
  }
  return {
    promised: hardState.promised,
    owner: hardState.owner,
    slots,
    memberships,
    pendingMembership: pendingMembership(slots, commitIndex),
    commitIndex,
    recordedCommit,
    unknown: unknown.filter(({ last }) => last > commitIndex),
  };
}

/**
 * How far slots are known chosen, because the state machine holds them: it was only ever given values that were chosen
 * and durable here, and a snapshot only once the log durably began after it. Without this a member whose log is trimmed
 * could make no snapshot for those who need one, and they could not elect it (R21).
 */
function appliedBefore(
  slots: AcceptedSlots,
  recordedCommit: LogIndex,
  stateIndex: LogIndex,
  unknown: readonly SlotRange[],
): LogIndex {
  let index: number = recordedCommit;
  while (index < stateIndex && slots.at(index + 1) !== undefined && !isUnknown(unknown, index + 1)) index++;
  return logIndex(index);
}

function isUnknown(unknown: readonly SlotRange[], slot: number): boolean {
  return unknown.some(({ first, last }) => first <= slot && slot <= last);
}

function pendingMembership(slots: AcceptedSlots, commitIndex: LogIndex): MembershipAt | undefined {
  for (let slot: number = slots.lastIndex; slot > commitIndex; slot--) {
    const entry = slots.at(slot);
    if (entry?.kind === 'membership')
      return { index: entry.index, membership: decodeMembership(entry.payload) };
  }
  return undefined;
}
