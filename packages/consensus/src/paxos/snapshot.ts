/** Snapshots as far as slots are concerned: installing one, forgetting what one covers. Moves no bytes of state. */
import { assert } from '../core/assert.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';
import { logIndex } from '../core/numbers.ts';
import { noteChosenElsewhere } from './learner.ts';
import type { InstallSnapshot } from './messages.ts';
import { continuePhase1 } from './proposer.ts';
import type { PaxosState } from './state.ts';
import { stepDown } from './transitions.ts';

/** What it covers is chosen, whoever sent it. What was accepted above it stays as it is (P4). */
export function receiveSnapshot(state: PaxosState, from: MemberId, { meta }: InstallSnapshot): void {
  noteChosenElsewhere(state, from, meta.index);
  // While one is being restored no other may begin; what is missing then is asked for again (pitfall 27).
  if (state.restoringIndex !== undefined || meta.index <= state.commitIndex) return;
  // A leader that lacks so much was overtaken; what it has under way may lie below the snapshot.
  if (state.role.kind === 'leader') stepDown(state);
  state.slots.reset(meta.index, meta.epoch);
  const ticket = state.outbox.writeLog({ kind: 'snapshot', meta });
  state.writes.began(ticket, { first: meta.index, last: meta.index });
  state.commitIndex = meta.index;
  state.applyingIndex = meta.index;
  state.restoringIndex = meta.index;
  state.unknown = state.unknown.flatMap(({ first, last }) =>
    last <= meta.index ? [] : [{ first: logIndex(Math.max(first, meta.index + 1)), last }],
  );
  state.memberships.reset({ index: meta.index, membership: meta.membership });
  state.outbox.push({ kind: 'membership', membership: meta.membership, index: meta.index });
  state.outbox.push({ kind: 'restore', meta });
  state.learning.asked = undefined;
  state.learning.snapshotFrom = undefined;
  continuePhase1(state);
}

/** The owner can do without the slots at and below `index`. */
export function trim(state: PaxosState, index: LogIndex): void {
  assert(index <= state.appliedIndex, 'P14: only what is applied is trimmed');
  if (index <= state.slots.trimmedIndex) return;
  state.slots.trim(index);
  state.memberships.trim(index);
}

/** What to write on a snapshot taken at `index`. */
export function snapshotMetaAt(state: PaxosState, index: LogIndex): SnapshotMeta {
  assert(index <= state.appliedIndex, 'a snapshot is taken of what is applied');
  const { slots } = state;
  const epoch = index === slots.trimmedIndex ? slots.trimmedEpoch : slots.at(index)?.epoch;
  assert(epoch !== undefined, 'a snapshot is taken at or above the trim');
  return { index, epoch, membership: state.memberships.at(index) };
}
