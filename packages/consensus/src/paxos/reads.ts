/**
 * Linearizable reads: the leader notes its commit index and makes sure, by a round of heartbeats at its ballot, that no
 * higher ballot can have completed phase 1 before; only then the reads go (P15). One round covers every read that waits
 * when it begins. Serves nothing itself: it says which index to wait for.
 */
import { assert } from '../core/assert.ts';
import type { MemberId } from '../core/numbers.ts';
import { meetsEveryPhase1Quorum } from '../quorum/flexible.ts';
import type { WaitingRead } from '../reads/leader-reads.ts';
import { failReads, releaseReads } from '../reads/read-answers.ts';
import type { ReadRequest, ReadResponse } from './messages.ts';
import { sendHeartbeats } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';

/** The owner asks. */
export function requestRead(state: PaxosState, token: number): void {
  if (state.role.kind === 'leader') admitRead(state, state.role, { kind: 'own', token });
  else if (state.leader === undefined) failReads(state.outbox, [token]);
  else askLeader(state, state.leader, [token]);
}

function askLeader(state: PaxosState, leader: MemberId, tokens: readonly number[]): void {
  state.outbox.send(leader, { kind: 'readRequest', ...state.forwardedReads.ask(tokens) });
}

/** One tick has passed at a follower: requests without an answer are asked again, as one. */
export function retryReads(state: PaxosState): void {
  const overdue = state.forwardedReads.tick(state.settings.heartbeatTicks);
  if (overdue.length === 0) return;
  assert(state.leader !== undefined, 'reads wait only while there is a leader to answer them');
  askLeader(state, state.leader, overdue);
}

/** A follower asks. */
export function receiveReadRequest(
  state: PaxosState,
  leader: LeaderRole,
  from: MemberId,
  { life, request }: ReadRequest,
): void {
  admitRead(state, leader, { kind: 'follower', from, question: { life, request } });
}

/** The leader answers. */
export function receiveReadResponse(state: PaxosState, message: ReadResponse): void {
  releaseReads(state.outbox, state.forwardedReads.answered(message), message.readIndex);
}

function admitRead(state: PaxosState, leader: LeaderRole, read: WaitingRead): void {
  if (leader.reads.admit(read)) openReadRound(state, leader);
  // A follower asks again by itself.
  else if (read.kind === 'own') failReads(state.outbox, [read.token]);
}

/** Whether the commit index covers everything that any earlier leader may have answered for. */
function mayRead(state: PaxosState, leader: LeaderRole): boolean {
  return !leader.recovering && state.commitIndex >= leader.recoveredTop;
}

/** Begins a round for all that wait, unless enough rounds are out or recovery is under way. */
export function openReadRound(state: PaxosState, leader: LeaderRole): void {
  if (!leader.reads.wantsRound || !mayRead(state, leader)) return;
  state.readRound++;
  leader.reads.open(state.readRound, state.commitIndex);
  sendHeartbeats(state, leader);
  confirmReadRounds(state, leader);
}

/** Answers every round confirmed by a set that meets every phase-1 quorum. */
export function confirmReadRounds(state: PaxosState, leader: LeaderRole): void {
  const { membership } = state.memberships.latest;
  const confirmed = leader.reads.takeConfirmed((round) =>
    meetsEveryPhase1Quorum(
      membership,
      (id) => id === state.id || (leader.peers.get(id)?.confirmedRound ?? 0) >= round,
    ),
  );
  if (confirmed === undefined) return;
  for (const { read, readIndex } of confirmed.followers)
    state.outbox.send(read.from, {
      kind: 'readResponse',
      ...read.question,
      readIndex,
    });
  releaseReads(state.outbox, confirmed.own, confirmed.readIndex);
  openReadRound(state, leader);
}
