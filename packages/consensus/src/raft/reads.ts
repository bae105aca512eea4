/**
 * Linearizable reads (Raft §8, thesis §6.4): the leader notes its commit index, makes sure by a round of heartbeats
 * that it still led after that, and only then lets the reads go. One round covers every read that waits when it
 * begins. Followers ask the leader. Serves nothing itself: it says which index to wait for.
 */
import { assert } from '../core/assert.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';
import { valueHeldByQuorum } from '../quorum/membership-quorum.ts';
import type { WaitingRead } from '../reads/read-rounds.ts';
import { ownTermIsCommitted } from './commit.ts';
import type { ReadRequest, ReadResponse } from './messages.ts';
import { sendHeartbeats } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';
import { failReads } from './transitions.ts';

/** A follower asks again after this many heartbeats without an answer. */
const READ_RETRY_HEARTBEATS = 2;

/** The owner asks. */
export function requestRead(state: RaftState, token: number): void {
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

function askLeader(state: RaftState, leader: MemberId, tokens: readonly number[]): void {
  const request = state.forwardedReads.add(tokens);
  state.outbox.send(leader, { kind: 'readRequest', term: state.term, life: state.life, request });
}

/** One tick has passed at a follower: requests without an answer are asked again, as one. */
export function retryReads(state: RaftState): void {
  const overdue = state.forwardedReads.tick(state.settings.heartbeatTicks * READ_RETRY_HEARTBEATS);
  if (overdue.length === 0) return;
  assert(state.leader !== undefined, 'reads wait only while there is a leader to answer them');
  askLeader(state, state.leader, overdue);
}

/** A follower asks. */
export function receiveReadRequest(
  state: RaftState,
  leader: LeaderRole,
  from: MemberId,
  message: ReadRequest,
): void {
  admitRead(state, leader, { kind: 'follower', from, life: message.life, request: message.request });
}

/** The leader answers. Answers to an earlier life, and to what was asked again or failed since, say nothing. */
export function receiveReadResponse(state: RaftState, message: ReadResponse): void {
  if (message.life !== state.life) return;
  const tokens = state.forwardedReads.answered(message.request);
  if (tokens !== undefined) state.outbox.push({ kind: 'readable', tokens, index: message.readIndex });
}

function admitRead(state: RaftState, leader: LeaderRole, read: WaitingRead): void {
  if (leader.readsWaiting.length >= state.settings.limits.readsWaitingMax) {
    // A follower asks again by itself.
    if (read.kind === 'own') failReads(state, [read.token]);
    return;
  }
  leader.readsWaiting.push(read);
  openReadRound(state, leader);
}

/** Begins a round for all that wait, unless enough rounds are out or it is too early in the term (pitfall 19). */
export function openReadRound(state: RaftState, leader: LeaderRole): void {
  if (leader.readsWaiting.length === 0) return;
  if (leader.readRounds.length >= state.settings.limits.readRoundsMax) return;
  if (!ownTermIsCommitted(state)) return;
  state.readRound++;
  leader.readRounds.push({
    round: state.readRound,
    readIndex: state.commitIndex,
    reads: leader.readsWaiting.splice(0),
  });
  sendHeartbeats(state, leader);
  confirmReadRounds(state, leader);
}

/** Answers every round that a quorum has confirmed. A round that is confirmed confirms all before it. */
export function confirmReadRounds(state: RaftState, leader: LeaderRole): void {
  if (leader.readRounds.length === 0) return;
  const confirmed = valueHeldByQuorum(state.memberships.latest.membership, (member) =>
    member === state.id ? state.readRound : (leader.progress.get(member)?.confirmedRound ?? 0),
  );
  const own: number[] = [];
  let readIndex: LogIndex | undefined;
  while (leader.readRounds.length > 0 && leader.readRounds[0]!.round <= confirmed) {
    const round = leader.readRounds.shift()!;
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
  state: RaftState,
  read: Extract<WaitingRead, { kind: 'follower' }>,
  readIndex: LogIndex,
): void {
  state.outbox.send(read.from, {
    kind: 'readResponse',
    term: state.term,
    life: read.life,
    request: read.request,
    readIndex,
  });
}
