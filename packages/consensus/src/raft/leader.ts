/** What a leader does with each message. */
import { assert } from '../core/assert.ts';
import type { MemberId } from '../core/numbers.ts';
import { answerPreVote, answerVote } from './election.ts';
import { advanceCommit } from './leader-commit.ts';
import { ignore, type MessageHandlers } from './message-handlers.ts';
import type { AppendRejected, AppendResponse, HeartbeatResponse } from './messages.ts';
import type { Progress } from './progress.ts';
import { confirmReadRounds, receiveReadRequest } from './reads.ts';
import { replicateTo, sendAppend, sendCommitNotice } from './replicate.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';
import { continueTransfer } from './transfer.ts';

export const leaderHandlers: MessageHandlers<LeaderRole> = {
  preVoteRequest: (state, _role, from, message) => answerPreVote(state, from, message),
  preVoteResponse: ignore,
  voteRequest: (state, _role, from, message) => answerVote(state, from, message),
  // Votes that came after the election was won.
  voteResponse: ignore,
  // Whoever hears this leader gets the log from it; whoever does not, hears no answer either.
  pullRequest: ignore,
  pullResponse: ignore,
  pullSnapshot: ignore,
  append: secondLeader,
  appendResponse: receiveAppendResponse,
  appendRejected: receiveAppendRejected,
  heartbeat: secondLeader,
  heartbeatResponse: receiveHeartbeatResponse,
  commitNotice: secondLeader,
  installSnapshot: secondLeader,
  timeoutNow: ignore,
  readRequest: (state, leader, from, message) => receiveReadRequest(state, leader, from, message),
  readResponse: ignore,
  newerTerm: ignore,
};

/** R1: another leader in this term cannot be. */
function secondLeader(): void {
  assert(false, 'a term has one leader');
}

function receiveAppendResponse(
  state: RaftState,
  leader: LeaderRole,
  from: MemberId,
  message: AppendResponse,
): void {
  const progress = leader.progress.get(from);
  if (progress === undefined || from === state.id) return;
  assert(message.matchIndex <= state.log.lastIndex, 'a follower holds no more than its leader');
  progress.quietTicks = 0;
  progress.silent = false;
  const news = progress.acknowledged(message.matchIndex);
  if (news || (progress.state === 'probe' && message.matchIndex === progress.matchIndex)) {
    noteMatch(progress);
    if (news && advanceCommit(state, leader)) return;
  }
  replicateTo(state, leader, progress);
  sendCommitNotice(state, progress);
  continueTransfer(state, leader, from);
}

function noteMatch(progress: Progress): void {
  if (progress.state === 'replicate') progress.inflights.freeUpTo(progress.matchIndex);
  else if (progress.state === 'probe' || progress.matchIndex >= progress.snapshotIndex)
    progress.becomeReplicate();
}

/** Raises nothing (R10, pitfall 16); it only says where to look next. */
function receiveAppendRejected(
  state: RaftState,
  leader: LeaderRole,
  from: MemberId,
  message: AppendRejected,
): void {
  const progress = leader.progress.get(from);
  if (progress === undefined || from === state.id) return;
  progress.quietTicks = 0;
  progress.silent = false;
  // Our own log may have no entry of the hint's term: then everything of a later term here cannot match either.
  const tryAt = state.log.lastThatMayMatch(message.hintIndex, message.hintEpoch).index;
  if (progress.rejected(message.rejectedIndex, tryAt)) sendAppend(state, leader, progress);
}

function receiveHeartbeatResponse(
  state: RaftState,
  leader: LeaderRole,
  from: MemberId,
  message: HeartbeatResponse,
): void {
  const progress = leader.progress.get(from);
  if (progress === undefined || from === state.id) return;
  progress.quietTicks = 0;
  if (message.readRound > progress.confirmedRound) {
    progress.confirmedRound = message.readRound;
    confirmReadRounds(state, leader);
  }
  if (progress.silent) {
    progress.silent = false;
    progress.probeSent = false;
    // Appends or their answers may be lost. An append that asks is answered by what the follower really has.
    if (progress.matchIndex < state.log.lastIndex && progress.state !== 'snapshot')
      sendAppend(state, leader, progress);
  }
  sendCommitNotice(state, progress);
  continueTransfer(state, leader, from);
}
