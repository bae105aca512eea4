/** The commit index and what is handed to the owner because of it. Does not count acknowledgements (leader.ts). */
import { assert } from '../core/assert.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';
import type { RaftState } from './state.ts';

export function commitUpTo(state: RaftState, index: LogIndex): void {
  if (index <= state.commitIndex) return;
  assert(index <= state.log.lastIndex, 'only what is in the log is committed');
  state.commitIndex = index;
}

/**
 * Hands out what is committed and durable here. Without the second condition the owner's own durable state could get
 * ahead of its journal, and a restart would find a state machine that holds entries the log does not.
 */
export function handOutCommitted(state: RaftState): void {
  if (state.restoringIndex !== undefined) return;
  const end = Math.min(state.commitIndex, state.writes.durableIndex);
  while (state.applyingIndex < end) {
    const slice = state.log.read(
      logIndex(state.applyingIndex + 1),
      logIndex(end + 1),
      state.settings.limits.applyBytesMax,
    );
    state.outbox.push({ kind: 'apply', entries: slice.entries });
    state.applyingIndex = logIndex(slice.to - 1);
  }
}

/** Whether an entry of the leader's own term is committed: before that it does not know what is (Raft §5.4.2, §8). */
export function ownTermIsCommitted(state: RaftState): boolean {
  return state.log.epochAt(state.commitIndex) === state.term;
}
