/**
 * Linearizable reads (Raft §8, thesis §6.4): the leader notes its commit index, makes sure by a round of heartbeats
 * that it still led after that, and only then lets the reads go. One round covers every read that waits when it
 * begins. Followers ask the leader. Serves nothing itself: it says which index to wait for.
 */
import { assert } from '../core/assert.ts';
import type { MemberId } from '../core/numbers.ts';
import { isQuorum } from '../quorum/membership-quorum.ts';
import type { WaitingRead } from '../reads/leader-reads.ts';
import { failReads, releaseReads } from '../reads/read-answers.ts';
import { ownTermIsCommitted } from './commit.ts';
import type { ReadRequest, ReadResponse } from './messages.ts';
import { sendHeartbeats } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

/** The owner asks. */
export function requestRead(state: RaftState, token: number): void {
  if (state.role.kind === 'leader') admitRead(state, state.role, { kind: 'own', token });
  else if (state.leader === undefined) failReads(state.outbox, [token]);
  else askLeader(state, state.leader, [token]);
}

function askLeader(state: RaftState, leader: MemberId, tokens: readonly number[]): void {
  state.outbox.send(leader, { kind: 'readRequest', term: state.term, ...state.forwardedReads.ask(tokens) });
}

/** One tick has passed at a follower: requests without an answer are asked again, as one. */
export function retryReads(state: RaftState): void {
  const overdue = state.forwardedReads.tick(state.settings.heartbeatTicks);
  if (overdue.length === 0) return;
  assert(state.leader !== undefined, 'reads wait only while there is a leader to answer them');
  askLeader(state, state.leader, overdue);
}

/** A follower asks. */
export function receiveReadRequest(
  state: RaftState,
  leader: LeaderRole,
  from: MemberId,
  { life, request }: ReadRequest,
): void {
  admitRead(state, leader, { kind: 'follower', from, question: { life, request } });
}

/** The leader answers. */
export function receiveReadResponse(state: RaftState, message: ReadResponse): void {
  releaseReads(state.outbox, state.forwardedReads.answered(message), message.readIndex);
}

function admitRead(state: RaftState, leader: LeaderRole, read: WaitingRead): void {
  if (leader.reads.admit(read)) openReadRound(state, leader);
  // A follower asks again by itself.
  else if (read.kind === 'own') failReads(state.outbox, [read.token]);
}

/** Begins a round for all that wait, unless enough rounds are out or it is too early in the term (pitfall 19). */
export function openReadRound(state: RaftState, leader: LeaderRole): void {
  if (!leader.reads.wantsRound || !ownTermIsCommitted(state)) return;
  state.readRound++;
  leader.reads.open(state.readRound, state.commitIndex);
  sendHeartbeats(state, leader);
  confirmReadRounds(state, leader);
}

/** Answers every round that a quorum has confirmed. */
export function confirmReadRounds(state: RaftState, leader: LeaderRole): void {
  const { membership } = state.memberships.latest;
  const confirmed = leader.reads.takeConfirmed((round) =>
    isQuorum(membership, (id) => id === state.id || (leader.progress.get(id)?.confirmedRound ?? 0) >= round),
  );
  if (confirmed === undefined) return;
  for (const { read, readIndex } of confirmed.followers)
    state.outbox.send(read.from, {
      kind: 'readResponse',
      term: state.term,
      ...read.question,
      readIndex,
    });
  releaseReads(state.outbox, confirmed.own, confirmed.readIndex);
  openReadRound(state, leader);
}
