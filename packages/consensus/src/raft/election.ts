/**
 * Elections (Raft §5.2, §5.4.1; pre-vote: thesis §9.6): who may stand, who may be voted for, and what is counted.
 * The order of durability is the outbox's: every message waits for the term and vote it speaks in the name of.
 */
import { assert, unreachable } from '../core/assert.ts';
import { isVoter } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';
import { electionOutcome } from '../quorum/membership-quorum.ts';
import { outcomeButForTheLog, pullOnce } from './catch-up.ts';
import { commitUpTo } from './commit.ts';
import { hasRecentLeader } from './leader-recency.ts';
import type { LogPosition } from './log.ts';
import type { PreVoteRequest, RaftMessage, VoteRequest, VoteResponse } from './messages.ts';
import { appendOwn, replicateToAll } from './replicate.ts';
import type { RaftState } from './state.ts';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './transitions.ts';

const EMPTY = new Uint8Array(0);

/**
 * Whether this replica may stand: it has a vote in its newest membership, committed or not (pitfall 2), or had one
 * that is not known to be over. A leader that removes itself may fall with the only copy of that last step: then it
 * alone can win, by the votes of the others, and finish the change (thesis §4.2.2). Its own vote counts for nothing.
 */
function mayStand(state: RaftState): boolean {
  if (state.selfIsVoter) return true;
  return state.memberships.someSince(state.commitIndex, (membership) => isVoter(membership, state.id));
}

/**
 * The election timer ran out. A replica that may not stand waits; so does one whose disk hangs, for it could neither
 * vote for itself nor lead (pitfall 31).
 */
export function campaign(state: RaftState): void {
  if (!mayStand(state) || state.diskSilenceTicks >= state.settings.electionTimeoutTicks) {
    becomeFollower(state, state.term, undefined);
    return;
  }
  if (!state.settings.preVote) {
    stand(state, { transfer: false });
    return;
  }
  becomePreCandidate(state);
  sendToOtherVoters(state, {
    kind: 'preVoteRequest',
    term: state.term,
    campaign: state.campaign,
    lastIndex: state.log.lastIndex,
    lastEpoch: state.log.lastEpoch,
  });
  countVotes(state);
}

/** Stands for election in the next term. */
export function stand(state: RaftState, { transfer }: { transfer: boolean }): void {
  becomeCandidate(state);
  sendToOtherVoters(state, {
    kind: 'voteRequest',
    term: state.term,
    lastIndex: state.log.lastIndex,
    lastEpoch: state.log.lastEpoch,
    transfer,
  });
}

function sendToOtherVoters(state: RaftState, message: RaftMessage): void {
  const { voters, outgoingVoters } = state.memberships.latest.membership;
  for (const id of voters) if (id !== state.id) state.outbox.send(id, message);
  for (const id of outgoingVoters)
    if (id !== state.id && !voters.includes(id)) state.outbox.send(id, message);
}

/** A write became durable: if it is the candidate's own vote, that counts now. */
export function countOwnVote(state: RaftState): void {
  if (state.role.kind !== 'candidate' || state.role.votes.has(state.id)) return;
  if (state.outbox.durableTicket < state.outbox.hardStateTicket) return;
  state.role.votes.set(state.id, true);
  countVotes(state);
}

/** The first answer of a member counts; it cannot change its mind. */
export function receiveVote(
  state: RaftState,
  from: MemberId,
  { granted, fresherLog }: Pick<VoteResponse, 'granted' | 'fresherLog'>,
): void {
  const role = state.role;
  assert(role.kind === 'candidate' || role.kind === 'preCandidate', 'votes are counted in a campaign');
  if (!role.votes.has(from)) {
    role.votes.set(from, granted);
    if (fresherLog !== undefined) role.fresher.set(from, fresherLog);
  }
  countVotes(state);
}

function countVotes(state: RaftState): void {
  const role = state.role;
  assert(role.kind === 'candidate' || role.kind === 'preCandidate', 'votes are counted in a campaign');
  if (electionOutcome(state.memberships.latest.membership, role.votes) === 'won') {
    role.kind === 'preCandidate' ? stand(state, { transfer: false }) : lead(state);
    return;
  }
  const outcome = outcomeButForTheLog(state, role);
  switch (outcome) {
    case 'pending':
      return;
    case 'lost':
      becomeFollower(state, state.term, undefined);
      return;
    case 'won':
      pullOnce(state, role);
      return;
    default:
      unreachable(outcome);
  }
}

/** Begins to lead, with an empty entry: what earlier terms left is committed through it (Raft §5.4.2, §8). */
function lead(state: RaftState): void {
  // What the state machine holds is committed, and a leader's log holds all that is (R6). Waiting to count it again could
  // be for ever: a new member may need a snapshot to be counted, and there is none of what is not known to be applied.
  commitUpTo(state, state.stateIndexAtStart);
  becomeLeader(state);
  assert(state.role.kind === 'leader', 'a winner leads');
  appendOwn(state, state.role, 'noop', [EMPTY]);
  replicateToAll(state, state.role);
}

/**
 * Answers "would you vote for me". Reads only: no term, vote or timer changes (R13, pitfall 5). A replica that lags
 * in its term learns the newer one from the answer (pitfall 7).
 */
export function answerPreVote(state: RaftState, from: MemberId, message: PreVoteRequest): void {
  const free = message.term >= state.term && !hasRecentLeader(state, from);
  const granted = free && isUpToDate(state, message);
  state.outbox.send(from, {
    kind: 'preVoteResponse',
    term: state.term,
    campaign: message.campaign,
    granted,
    fresherLog: free && !granted ? logEnd(state) : undefined,
  });
}

/**
 * Answers a request for a vote in the current term. A learner votes as well: the membership that makes it a voter may
 * not have reached it yet, and whoever asks knows it to be one (pitfall 3).
 */
export function answerVote(state: RaftState, from: MemberId, message: VoteRequest): void {
  assert(message.term === state.term, 'votes are given in the current term');
  const free = state.vote === from || (state.vote === undefined && state.leader === undefined);
  const granted = free && isUpToDate(state, message);
  if (granted) {
    state.setVote(from);
    state.electionElapsedTicks = 0;
  }
  const fresherLog = free && !granted ? logEnd(state) : undefined;
  state.outbox.send(from, { kind: 'voteResponse', term: state.term, granted, fresherLog });
}

function isUpToDate(state: RaftState, { lastIndex, lastEpoch }: PreVoteRequest | VoteRequest): boolean {
  return state.log.isUpToDate({ index: lastIndex, epoch: lastEpoch });
}

function logEnd({ log }: RaftState): LogPosition {
  return { index: log.lastIndex, epoch: log.lastEpoch };
}
