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
  for (const progress of leader.progress.values()) progress.quietTicks++;
  if (!quorumIsActive(state, leader)) {
    stepDown(state);
    return;
  }
  if (++leader.heartbeatElapsedTicks < state.settings.heartbeatTicks) return;
  leader.heartbeatElapsedTicks = 0;
  for (const progress of leader.progress.values()) progress.silent = true;
  sendHeartbeats(state, leader);
}

/**
 * Whether a quorum was heard of within an election timeout (thesis §6.2). Asked at every tick, not once a timeout: a leader
 * that lasted up to two would keep quiet those who hear it and could elect another, and service with them.
 */
function quorumIsActive(state: RaftState, leader: LeaderRole): boolean {
  return isQuorum(
    state.memberships.latest.membership,
    (member) => member === state.id || leader.progress.get(member)?.recentlyActive === true,
  );
}

export function stepDown(state: RaftState): void {
  becomeFollower(state, state.term, undefined);
}
