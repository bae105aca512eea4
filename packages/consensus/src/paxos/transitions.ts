/**
 * How a replica changes its role: what each change keeps, drops and starts. Sends no message; who changes when is the
 * business of the other files.
 */
import { assert } from '../core/assert.ts';
import { allMembers } from '../core/membership.ts';
import { logIndex, type MemberId, NO_INDEX } from '../core/numbers.ts';
import { LeaderReads } from '../reads/leader-reads.ts';
import { failReads } from '../reads/read-answers.ts';
import { ballotAbove } from './ballot.ts';
import { PeerProgress } from './peer-progress.ts';
import { Promises } from './promises.ts';
import { type CandidateRole, FOLLOWER, type LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';

/** Neither proposes any more. `leader`: who leads at the promised ballot, if it has shown itself. */
export function becomeFollower(state: PaxosState, leader: MemberId | undefined): void {
  leaveRole(state);
  setLeader(state, leader);
}

/** Gives up what it leads or wants to lead, and is not content until somebody else does. */
export function stepDown(state: PaxosState): void {
  becomeFollower(state, undefined);
  state.content = false;
}

/** Opens a ballot of its own above all it has heard of; its own promise counts once it is durable. */
export function becomeCandidate(state: PaxosState): CandidateRole {
  leaveRole(state);
  setLeader(state, undefined);
  state.setPromise(ballotAbove(state.highestSeen, state.settings.ballotTag), state.id);
  state.content = true;
  const role: CandidateRole = {
    kind: 'candidate',
    promises: new Promises(),
    from: logIndex(state.commitIndex + 1),
    ownPromise: state.outbox.hardStateTicket,
    idleTicks: 0,
    askedTicks: 0,
  };
  state.role = role;
  return role;
}

export function becomeLeader(state: PaxosState, candidate: CandidateRole): LeaderRole {
  assert(state.owner === state.id, 'a leader owns the ballot that it has promised');
  const leader: LeaderRole = {
    kind: 'leader',
    promises: candidate.promises,
    promisesFrom: candidate.from,
    nextSlot: logIndex(state.commitIndex + 1),
    recovering: true,
    recoveredTop: NO_INDEX,
    stopSlot: undefined,
    retirement: undefined,
    peers: new Map(),
    backlog: [],
    backlogBytes: 0,
    uncommittedBytes: 0,
    heartbeatElapsedTicks: 0,
    transfer: undefined,
    reads: new LeaderReads(state.settings.limits),
    newestAccept: undefined,
  };
  addPeers(state, leader, [state.id, ...allMembers(state.memberships.latest.membership)]);
  state.role = leader;
  setLeader(state, state.id);
  state.diskSilenceTicks = 0;
  return leader;
}

export function addPeers(state: PaxosState, leader: LeaderRole, members: readonly MemberId[]): void {
  for (const id of members)
    if (!leader.peers.has(id)) leader.peers.set(id, new PeerProgress(id, state.commitIndex));
}

/** Drops what belongs to the role. A leader's own reads are answered by nobody after it (pitfall 21). */
function leaveRole(state: PaxosState): void {
  const role = state.role;
  state.role = FOLLOWER;
  if (role.kind === 'leader') failReads(state.outbox, role.reads.ownTokens);
}

/** A read asked of one leader is not answered by another (pitfall 21). */
export function setLeader(state: PaxosState, leader: MemberId | undefined): void {
  if (leader === state.leader) return;
  state.leader = leader;
  failReads(state.outbox, state.forwardedReads.clear());
}
