/** What is done with each message, whatever the role: total over the kinds, and over the roles where they matter. */
import type { MemberId } from '../core/numbers.ts';
import { follow, receiveAccept, receivePrepare } from './acceptor.ts';
import { receivePoll, receivePollReply } from './election.ts';
import { receiveAccepted, receiveHeartbeatReply } from './leader.ts';
import { learnCommit, receiveLearnRequest, receiveLearnResponse, receiveLearnTrimmed } from './learner.ts';
import type { PaxosMessage, PaxosMessageKind } from './messages.ts';
import { campaign, receivePromise, receiveRefused } from './proposer.ts';
import { receiveReadRequest, receiveReadResponse } from './reads.ts';
import { receiveSnapshot } from './snapshot.ts';
import type { PaxosState } from './state.ts';

type Handler<Kind extends PaxosMessageKind> = (
  state: PaxosState,
  from: MemberId,
  message: Extract<PaxosMessage, { kind: Kind }>,
) => void;

/** What is missing does not compile. */
export const HANDLERS: { readonly [Kind in PaxosMessageKind]: Handler<Kind> } = {
  poll: receivePoll,
  pollReply: receivePollReply,
  prepare: receivePrepare,
  promise: receivePromise,
  refused: (state, _from, message) => receiveRefused(state, message),
  accept: receiveAccept,
  accepted: (state, from, message) => {
    // An acknowledgement counts at the ballot it was given for, and at no other.
    if (state.role.kind === 'leader' && message.ballot === state.promised)
      receiveAccepted(state, state.role, from, message);
  },
  heartbeat: (state, from, message) => {
    if (!follow(state, from, message.ballot)) return;
    learnCommit(state, from, message.ballot, message.commitIndex);
    state.outbox.send(from, {
      kind: 'heartbeatReply',
      ballot: message.ballot,
      readRound: message.readRound,
      chosenUpTo: state.durableCommit,
    });
  },
  heartbeatReply: (state, from, message) => {
    if (state.role.kind === 'leader' && message.ballot === state.promised)
      receiveHeartbeatReply(state, state.role, from, message);
  },
  commitNotice: (state, from, message) => {
    if (message.ballot === state.promised && from === state.owner)
      learnCommit(state, from, message.ballot, message.commitIndex);
  },
  learnRequest: receiveLearnRequest,
  learnResponse: receiveLearnResponse,
  learnTrimmed: receiveLearnTrimmed,
  installSnapshot: receiveSnapshot,
  timeoutNow: (state, from, message) => {
    const isMeant = message.ballot === state.promised && from === state.owner;
    if (isMeant && state.role.kind === 'follower' && state.isVoter) campaign(state);
  },
  readRequest: (state, from, message) => {
    if (state.role.kind === 'leader') receiveReadRequest(state, state.role, from, message);
  },
  readResponse: (state, _from, message) => receiveReadResponse(state, message),
};
