/** What a candidate does with each message. A leader of its own term ends its campaign. */
import { answerPull } from './catch-up.ts';
import { answerPreVote, answerVote, receiveVote } from './election.ts';
import { receiveAppend, receiveCommitNotice, receiveHeartbeat } from './follow.ts';
import { ignore, type MessageHandlers } from './message-handlers.ts';
import { receivePulled, receivePulledSnapshot } from './pulled.ts';
import type { CandidateRole } from './role-state.ts';
import { receiveSnapshot } from './snapshot.ts';

export const candidateHandlers: MessageHandlers<CandidateRole> = {
  preVoteRequest: (state, _role, from, message) => answerPreVote(state, from, message),
  // Pre-votes promise nothing and never count in an election (pitfall 6).
  preVoteResponse: ignore,
  voteRequest: (state, _role, from, message) => answerVote(state, from, message),
  voteResponse: (state, _role, from, message) => receiveVote(state, from, message),
  pullRequest: (state, _role, from, message) => answerPull(state, from, message),
  pullResponse: (state, role, from, message) => receivePulled(state, role, from, message),
  pullSnapshot: (state, _role, _from, message) => receivePulledSnapshot(state, message),
  append: (state, _role, from, message) => receiveAppend(state, from, message),
  appendResponse: ignore,
  appendRejected: ignore,
  heartbeat: (state, _role, from, message) => receiveHeartbeat(state, from, message),
  heartbeatResponse: ignore,
  commitNotice: (state, _role, from, message) => receiveCommitNotice(state, from, message),
  installSnapshot: (state, _role, from, message) => receiveSnapshot(state, from, message),
  timeoutNow: ignore,
  readRequest: ignore,
  readResponse: ignore,
  newerTerm: ignore,
};
