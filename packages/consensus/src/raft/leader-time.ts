/** What time does to a leader: heartbeats, the check that a quorum still hears it, and the end of what takes too long. */
import { isQuorum } from '../quorum/membership-quorum.ts';
import { sendHeartbeats } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';
import { tickTransfer } from './transfer.ts';
import { becomeFollower } from './transitions.ts';

export function tickLeader(state: RaftState, leader: LeaderRole): void {
  tickTransfer(state, leader);
  // A leader whose disk hangs would keep its followers quiet by heartbeats and commit nothing (pitfall 31).
  if (state.diskSilenceTicks >= state.settings.electionTimeoutTicks) {
    stepDown(state);
    return;
  }
  if (++state.electionElapsedTicks >= state.settings.electionTimeoutTicks) {
    state.electionElapsedTicks = 0;
    if (!quorumIsActive(state, leader)) {
      stepDown(state);
      return;
    }
  }
  if (++leader.heartbeatElapsedTicks < state.settings.heartbeatTicks) return;
  leader.heartbeatElapsedTicks = 0;
  for (const progress of leader.progress.values()) progress.silent = true;
  sendHeartbeats(state, leader);
}

/** Whether a quorum was heard of since the last check; begins the next one (thesis §6.2). */
function quorumIsActive(state: RaftState, leader: LeaderRole): boolean {
  const active = isQuorum(
    state.memberships.latest.membership,
    (member) => member === state.id || leader.progress.get(member)?.recentlyActive === true,
  );
  for (const progress of leader.progress.values()) progress.recentlyActive = false;
  return active;
}

export function stepDown(state: RaftState): void {
  becomeFollower(state, state.term, undefined);
}
