/** Snapshots as far as the log is concerned: installing one at a follower, forgetting what one covers. Moves no bytes of state. */
import { assert } from '../core/assert.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import { type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { commitUpTo } from './commit.ts';
import { acknowledge, follow } from './follow.ts';
import { membershipRestored } from './membership-in-force.ts';
import type { InstallSnapshot } from './messages.ts';
import type { RaftState } from './state.ts';

export function receiveSnapshot(state: RaftState, from: MemberId, message: InstallSnapshot): void {
  follow(state, from);
  // While one is being restored no other may begin; the leader will find out what is missing by probing (pitfall 27).
  if (state.restoringIndex !== undefined) return;
  const { meta } = message;
  if (meta.index <= state.commitIndex) {
    acknowledge(state, from, state.commitIndex);
    return;
  }
  if (state.log.matches(meta.index, meta.epoch)) {
    // The log holds it all and goes on: what it lacked was only the news that this much is committed (R17).
    commitUpTo(state, meta.index);
    acknowledge(state, from, meta.index);
    return;
  }
  restore(state, meta);
  acknowledge(state, from, meta.index);
}

/** Begins the log again after the snapshot. Nothing of the old one matches it. */
export function restore(state: RaftState, meta: SnapshotMeta): void {
  state.writes.truncatedFrom(logIndex(state.commitIndex + 1));
  state.log.reset({ index: meta.index, epoch: meta.epoch });
  state.writes.began(state.outbox.writeLog({ kind: 'snapshot', meta }), meta.index);
  state.commitIndex = meta.index;
  state.applyingIndex = meta.index;
  state.restoringIndex = meta.index;
  membershipRestored(state, meta.index, meta.membership);
  state.outbox.push({ kind: 'restore', meta });
}

/** The owner can do without the log at and below `index`. */
export function trim(state: RaftState, index: LogIndex): void {
  assert(index <= state.appliedIndex, 'only what is applied is trimmed');
  if (index <= state.log.trimmedIndex) return;
  state.log.trim(index);
  state.memberships.trim(index);
}

/** What to write on a snapshot taken at `index`. */
export function snapshotMetaAt(state: RaftState, index: LogIndex): SnapshotMeta {
  assert(index <= state.appliedIndex, 'a snapshot is taken of what is applied');
  const epoch = state.log.epochAt(index);
  assert(epoch !== undefined, 'a snapshot is taken at or above the trim');
  return { index, epoch, membership: state.memberships.at(index) };
}
