/** How far the owner's state machine is, as its core knows it. */
import { assert } from './assert.ts';
import type { LogIndex } from './numbers.ts';

export interface Applying {
  /** The owner was told to apply up to here. Monotonic; never above what is committed and durable here. */
  readonly applyingIndex: LogIndex;
  /** The owner has applied up to here. Monotonic; set by the `applied` input. */
  appliedIndex: LogIndex;
  /** The snapshot that the owner was told to restore and has not applied yet, or undefined; nothing is applied meanwhile (pitfall 27). */
  restoringIndex: LogIndex | undefined;
}

/** The owner's state machine holds everything up to `index`. */
export function noteApplied(state: Applying, index: LogIndex): void {
  if (index <= state.appliedIndex) return;
  assert(index <= state.applyingIndex, 'only what was handed out is applied');
  state.appliedIndex = index;
  if (state.restoringIndex !== undefined && index >= state.restoringIndex) state.restoringIndex = undefined;
}
