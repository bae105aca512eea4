/** Whether a leader was heard of lately: what protects one that works from those who lost touch with it. Decides no election. */
import type { MemberId } from '../core/numbers.ts';
import type { RaftState } from './state.ts';

/**
 * Whether a leader was heard of so lately that nobody should be helped to replace it (thesis §4.2.3). When the leader
 * itself asks for votes it leads no more, and there is nobody to protect.
 */
export function hasRecentLeader(state: RaftState, asker: MemberId): boolean {
  if (state.leader === undefined || state.leader === asker) return false;
  return state.electionElapsedTicks < state.settings.electionTimeoutTicks;
}
