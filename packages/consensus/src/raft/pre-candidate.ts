/** What a replica does with each message while it asks whether it could win an election (Raft thesis §9.6). */
import { answerPull } from './catch-up.ts';
import { answerPreVote, answerVote, receiveVote } from './election.ts';
import { receiveAppend, receiveCommitNotice, receiveHeartbeat } from './follow.ts';
import { ignore, type MessageHandlers } from './message-handlers.ts';
import { receivePulled, receivePulledSnapshot } from './pulled.ts';
import type { PreCandidateRole } from './role-state.ts';
import { receiveSnapshot } from './snapshot.ts';

export const preCandidateHandlers: MessageHandlers<PreCandidateRole> = {
  preVoteRequest: (state, _role, from, message) => answerPreVote(state, from, message),
  preVoteResponse: (state, role, from, message) => {
    // An answer to an earlier pre-campaign says nothing about this one (R14).
    if (message.campaign === role.campaign) receiveVote(state, from, message);
  },
  voteRequest: (state, _role, from, message) => answerVote(state, from, message),
  // Left from a real campaign of this replica in this term.
  voteResponse: ignore,
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
