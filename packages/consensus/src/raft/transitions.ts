/**
 * How a replica changes its role: what each change keeps, drops and starts. Sends no message; who changes when is the
 * business of the role files.
 */
import { assert } from '../core/assert.ts';
import { entryBytes } from '../core/entry.ts';
import { allMembers } from '../core/membership.ts';
import { type Epoch, epoch, type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { LeaderReads } from '../reads/leader-reads.ts';
import { failReads } from '../reads/read-answers.ts';
import { Progress } from './progress.ts';
import { FOLLOWER, type LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

/** Follows `leader`, or nobody yet, in `term`. In the same term the vote is kept (pitfall 17). */
export function becomeFollower(state: RaftState, term: Epoch, leader: MemberId | undefined): void {
  assert(term >= state.term, 'a replica never goes back to an earlier term');
  if (term > state.term) state.setTerm(term);
  leaveRole(state);
  setLeader(state, leader);
  state.restartElectionTimer();
}

/** Asks whether an election could be won. Changes neither term nor vote (R13). */
export function becomePreCandidate(state: RaftState): void {
  leaveRole(state);
  setLeader(state, undefined);
  state.restartElectionTimer();
  state.campaign++;
  state.role = {
    kind: 'preCandidate',
    campaign: state.campaign,
    votes: new Map([[state.id, true]]),
    fresher: new Map(),
    pull: undefined,
  };
}

/** Stands for election in the next term; its own vote counts once it is durable. */
export function becomeCandidate(state: RaftState): void {
  assert(state.role.kind !== 'leader', 'a leader does not stand for election');
  leaveRole(state);
  setLeader(state, undefined);
  state.setTerm(epoch(state.term + 1));
  state.setVote(state.id);
  state.restartElectionTimer();
  state.role = { kind: 'candidate', votes: new Map(), fresher: new Map(), pull: undefined };
}

export function becomeLeader(state: RaftState): void {
  assert(state.role.kind === 'candidate', 'a leader was a candidate just before');
  assert(state.vote === state.id, 'a leader voted for itself');
  const progress = new Map<MemberId, Progress>();
  const leader: LeaderRole = {
    kind: 'leader',
    progress,
    matchOf: (member) => progress.get(member)?.matchIndex ?? 0,
    uncommittedBytes: uncommittedBytes(state),
    heartbeatElapsedTicks: 0,
    transfer: undefined,
    reads: new LeaderReads(state.settings.limits),
    newestAppend: undefined,
  };
  const next = logIndex(state.log.lastIndex + 1);
  for (const id of allMembers(state.memberships.latest.membership)) addProgress(state, leader, id, next);
  // A leader that is not in its own membership still keeps account of its own log.
  if (!progress.has(state.id)) addProgress(state, leader, state.id, next);
  progress.get(state.id)!.matchIndex = state.writes.durableIndex;
  state.role = leader;
  setLeader(state, state.id);
  state.electionElapsedTicks = 0;
  state.diskSilenceTicks = 0;
}

/** A member that has just come counts as active: it gets one election timeout to show itself. */
export function addProgress(state: RaftState, leader: LeaderRole, id: MemberId, nextIndex: LogIndex): void {
  leader.progress.set(
    id,
    new Progress({
      id,
      nextIndex,
      window: state.settings.limits,
      quietTicksMax: state.settings.electionTimeoutTicks,
    }),
  );
}

/** Entries above the commit index, counted from the log. */
export function uncommittedBytes(state: RaftState): number {
  let bytes = 0;
  for (let index: number = state.commitIndex + 1; index <= state.log.lastIndex; index++)
    bytes += entryBytes(state.log.entryAt(logIndex(index))!);
  return bytes;
}

/** Drops what belongs to the role. A leader's own reads are answered by nobody after it (pitfall 21). */
function leaveRole(state: RaftState): void {
  const role = state.role;
  state.role = FOLLOWER;
  if (role.kind === 'leader') failReads(state.outbox, role.reads.ownTokens);
}

/** A read asked of one leader is not answered by another (pitfall 21). */
export function setLeader(state: RaftState, leader: MemberId | undefined): void {
  if (leader === state.leader) return;
  state.leader = leader;
  failReads(state.outbox, state.forwardedReads.clear());
}
