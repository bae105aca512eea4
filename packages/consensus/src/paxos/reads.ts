/**
 * Linearizable reads: the leader notes its commit index and makes sure, by a round of heartbeats at its ballot, that no
 * higher ballot can have completed phase 1 before; only then the reads go (P15). One round covers every read that waits
 * when it begins. Serves nothing itself: it says which index to wait for.
 */
import { assert } from '../core/assert.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';
import { meetsEveryPhase1Quorum } from '../quorum/flexible.ts';
import type { WaitingRead } from '../reads/read-rounds.ts';
import type { ReadRequest, ReadResponse } from './messages.ts';
import { sendHeartbeats } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';
import { failReads } from './transitions.ts';

/** A follower asks again after this many heartbeats without an answer. */
const READ_RETRY_HEARTBEATS = 2;

/** The owner asks. */
export function requestRead(state: PaxosState, token: number): void {
  if (state.role.kind === 'leader') {
    admitRead(state, state.role, { kind: 'own', token });
    return;
  }
  if (state.leader === undefined) {
    failReads(state, [token]);
    return;
  }
  askLeader(state, state.leader, [token]);
}

function askLeader(state: PaxosState, leader: MemberId, tokens: readonly number[]): void {
  const request = state.forwardedReads.add(tokens);
  state.outbox.send(leader, { kind: 'readRequest', life: state.life, request });
}

/** One tick has passed at a follower: requests without an answer are asked again, as one. */
export function retryReads(state: PaxosState): void {
  const overdue = state.forwardedReads.tick(state.settings.heartbeatTicks * READ_RETRY_HEARTBEATS);
  if (overdue.length === 0) return;
  assert(state.leader !== undefined, 'reads wait only while there is a leader to answer them');
  askLeader(state, state.leader, overdue);
}

/** A follower asks. */
export function receiveReadRequest(
  state: PaxosState,
  leader: LeaderRole,
  from: MemberId,
  message: ReadRequest,
): void {
  admitRead(state, leader, { kind: 'follower', from, life: message.life, request: message.request });
}

/** The leader answers. Answers to an earlier life, and to what was asked again or failed since, say nothing. */
export function receiveReadResponse(state: PaxosState, message: ReadResponse): void {
  if (message.life !== state.life) return;
  const tokens = state.forwardedReads.answered(message.request);
  if (tokens !== undefined) state.outbox.push({ kind: 'readable', tokens, index: message.readIndex });
}

function admitRead(state: PaxosState, leader: LeaderRole, read: WaitingRead): void {
  if (leader.readsWaiting.length >= state.settings.limits.readsWaitingMax) {
    // A follower asks again by itself.
    if (read.kind === 'own') failReads(state, [read.token]);
    return;
  }
  leader.readsWaiting.push(read);
  openReadRound(state, leader);
}

/** Whether the commit index covers everything that any earlier leader may have answered for. */
function mayRead(state: PaxosState, leader: LeaderRole): boolean {
  return !leader.recovering && state.commitIndex >= leader.recoveredTop;
}

/** Begins a round for all that wait, unless enough rounds are out or recovery is under way. */
export function openReadRound(state: PaxosState, leader: LeaderRole): void {
  if (leader.readsWaiting.length === 0 || !mayRead(state, leader)) return;
  if (leader.readRounds.length >= state.settings.limits.readRoundsMax) return;
  state.readRound++;
  leader.readRounds.push({
    round: state.readRound,
    readIndex: state.commitIndex,
    reads: leader.readsWaiting.splice(0),
  });
  sendHeartbeats(state, leader);
  confirmReadRounds(state, leader);
}

/** Answers every round confirmed by a set that meets every phase-1 quorum. One that is confirmed confirms all before it. */
export function confirmReadRounds(state: PaxosState, leader: LeaderRole): void {
  const own: number[] = [];
  let readIndex: LogIndex | undefined;
  for (let round = leader.readRounds[0]; round !== undefined; round = leader.readRounds[0]) {
    const { round: number } = round;
    const confirmed = (id: MemberId): boolean =>
      id === state.id || (leader.peers.get(id)?.confirmedRound ?? 0) >= number;
    if (!meetsEveryPhase1Quorum(state.memberships.latest.membership, confirmed)) break;
    leader.readRounds.shift();
    readIndex = round.readIndex;
    for (const read of round.reads)
      if (read.kind === 'own') own.push(read.token);
      else answerFollower(state, read, round.readIndex);
  }
  if (readIndex === undefined) return;
  // Rounds rise and so do their indexes: the last one serves them all.
  if (own.length > 0) state.outbox.push({ kind: 'readable', tokens: own, index: readIndex });
  openReadRound(state, leader);
}

function answerFollower(
  state: PaxosState,
  read: Extract<WaitingRead, { kind: 'follower' }>,
  readIndex: LogIndex,
): void {
  state.outbox.send(read.from, {
    kind: 'readResponse',
    life: read.life,
    request: read.request,
    readIndex,
  });
}
