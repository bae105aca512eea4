/** What a follower does with each message and with time. Learners follow in the same way; they only never campaign. */
import { answerPull } from './catch-up.ts';
import { answerPreVote, answerVote, campaign, stand } from './election.ts';
import { receiveAppend, receiveCommitNotice, receiveHeartbeat } from './follow.ts';
import { ignore, type MessageHandlers } from './message-handlers.ts';
import { receiveReadResponse, retryReads } from './reads.ts';
import type { FollowerRole } from './role-state.ts';
import { receiveSnapshot } from './snapshot.ts';
import type { RaftState } from './state.ts';

export const followerHandlers: MessageHandlers<FollowerRole> = {
  preVoteRequest: (state, _role, from, message) => answerPreVote(state, from, message),
  preVoteResponse: ignore,
  voteRequest: (state, _role, from, message) => answerVote(state, from, message),
  voteResponse: ignore,
  pullRequest: (state, _role, from, message) => answerPull(state, from, message),
  // Of a campaign that is over.
  pullResponse: ignore,
  pullSnapshot: ignore,
  append: (state, _role, from, message) => receiveAppend(state, from, message),
  appendResponse: ignore,
  appendRejected: ignore,
  heartbeat: (state, _role, from, message) => receiveHeartbeat(state, from, message),
  heartbeatResponse: ignore,
  commitNotice: (state, _role, from, message) => receiveCommitNotice(state, from, message),
  installSnapshot: (state, _role, from, message) => receiveSnapshot(state, from, message),
  timeoutNow: (state, _role, from) => {
    // Only the leader may hand over, and only to one who may lead. No pre-vote: the leader itself wants this (pitfall 9).
    if (from === state.leader && state.selfIsVoter) stand(state, { transfer: true });
  },
  readRequest: ignore,
  readResponse: (state, _role, _from, message) => receiveReadResponse(state, message),
  newerTerm: ignore,
};

export function tickFollower(state: RaftState): void {
  state.electionElapsedTicks++;
  if (state.electionElapsedTicks >= state.electionDeadlineTicks) campaign(state);
  else retryReads(state);
}
