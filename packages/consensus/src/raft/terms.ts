/** What the term of a message does before its content is looked at (Raft §5.1): join a newer term, or put right an older sender. */
import type { MemberId } from '../core/numbers.ts';
import { hasRecentLeader } from './leader-recency.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftState } from './state.ts';
import { becomeFollower } from './transitions.ts';

/** Returns whether the message is to be handled; then its term is the replica's own, pre-votes excepted. */
export function admit(state: RaftState, from: MemberId, message: RaftMessage): boolean {
  // Pre-votes and pulls change no term, whichever they carry (R13).
  if (message.kind === 'preVoteRequest' || message.kind === 'pullRequest' || message.term === state.term)
    return true;
  if (message.term > state.term) return joinTerm(state, from, message);
  // Whoever lags in its term may still grant a pre-vote; the campaign's number says what it is about (pitfall 7). So it is
  // with what is pulled: a log may be the fresher one and its owner's term the older.
  switch (message.kind) {
    case 'preVoteResponse':
    case 'pullResponse':
    case 'pullSnapshot':
      return true;
    default:
      return putRight(state, from, message);
  }
}

function joinTerm(state: RaftState, from: MemberId, message: RaftMessage): boolean {
  switch (message.kind) {
    case 'voteRequest':
      // A replica that lost touch must not depose a leader whom the rest still hears (pitfall 8), unless the leader asked for it (pitfall 9).
      if (hasRecentLeader(state, from) && !message.transfer) return false;
      becomeFollower(state, message.term, undefined);
      return true;
    case 'append':
    case 'heartbeat':
    case 'commitNotice':
    case 'installSnapshot':
      becomeFollower(state, message.term, from);
      return true;
    default:
      becomeFollower(state, message.term, undefined);
      return true;
  }
}

function putRight(state: RaftState, from: MemberId, message: RaftMessage): boolean {
  switch (message.kind) {
    case 'voteRequest':
      state.outbox.send(from, {
        kind: 'voteResponse',
        term: state.term,
        granted: false,
        fresherLog: undefined,
      });
      return false;
    case 'append':
    case 'heartbeat':
    case 'installSnapshot':
      state.outbox.send(from, { kind: 'newerTerm', term: state.term });
      return false;
    default:
      return false;
  }
}
