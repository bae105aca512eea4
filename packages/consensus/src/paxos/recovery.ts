/**
 * What a replica makes of its journal at birth. Everything read back is durable. What is chosen it knows as far as the
 * last hard state says; the rest it learns again.
 */
import { assert } from '../core/assert.ts';
import type { RecoveredLog } from '../core/core.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { type MembershipAt, Memberships } from '../core/memberships.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';
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
  const commitIndex = logIndex(Math.max(snapshot.index, hardState.chosenUpTo));
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
    unknown: unknown.filter(({ last }) => last > commitIndex),
  };
}

function pendingMembership(slots: AcceptedSlots, commitIndex: LogIndex): MembershipAt | undefined {
  for (let slot: number = slots.lastIndex; slot > commitIndex; slot--) {
    const entry = slots.at(slot);
    if (entry?.kind === 'membership')
      return { index: entry.index, membership: decodeMembership(entry.payload) };
  }
  return undefined;
}
