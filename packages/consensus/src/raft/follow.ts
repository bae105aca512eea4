/** How a follower takes what its leader sends: entries, commit indexes, heartbeats. Cuts its log only where it conflicts. */
import { assert } from '../core/assert.ts';
import type { Entry } from '../core/entry.ts';
import { type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { commitUpTo } from './commit.ts';
import { entryAppended, logTruncated } from './membership-in-force.ts';
import type { Append, CommitNotice, Heartbeat } from './messages.ts';
import type { RaftState } from './state.ts';
import { becomeFollower } from './transitions.ts';

/** The leader of this term was heard of. */
export function follow(state: RaftState, leader: MemberId): void {
  assert(state.leader === undefined || state.leader === leader, 'a term has one leader');
  if (state.role.kind !== 'follower' || state.leader !== leader) becomeFollower(state, state.term, leader);
  state.electionElapsedTicks = 0;
}

export function receiveAppend(state: RaftState, from: MemberId, message: Append): void {
  follow(state, from);
  const lastNew = logIndex(message.prevIndex + message.entries.length);
  if (lastNew <= state.commitIndex) {
    // Late or doubled. What is committed here, the leader has (leader completeness), so that much is verified.
    acknowledge(state, from, state.commitIndex);
    return;
  }
  // An append that begins below the commit index is verified there all the same; below the trim no term is left to compare.
  if (message.prevIndex >= state.commitIndex && !state.log.matches(message.prevIndex, message.prevEpoch)) {
    reject(state, from, message);
    return;
  }
  takeEntries(state, message.entries);
  // Capped by what this message verified, not by the last entry: beyond may be leftovers of another term (pitfall 12).
  commitUpTo(state, logIndex(Math.min(message.commitIndex, lastNew)));
  acknowledge(state, from, lastNew);
}

/**
 * Takes entries that follow a position which was found to match. Keeps what is there already: an append may be late, and
 * cutting then would lose what was acknowledged (pitfall 14).
 */
export function takeEntries(state: RaftState, entries: readonly Entry[]): void {
  const { log, outbox } = state;
  let written = false;
  for (const entry of entries) {
    if (!written) {
      if (entry.index <= state.commitIndex) continue;
      const epochHere = log.epochAt(entry.index);
      if (epochHere === entry.epoch) continue;
      if (epochHere !== undefined) {
        log.truncateFrom(entry.index);
        state.writes.truncatedFrom(entry.index);
        logTruncated(state, entry.index);
      }
      written = true;
    }
    log.append(entry);
    outbox.writeLog({ kind: 'entry', entry });
    entryAppended(state, entry);
  }
  if (written) state.writes.began(outbox.logTicket, log.lastIndex);
}

export function acknowledge(state: RaftState, leader: MemberId, matchIndex: LogIndex): void {
  state.outbox.sendAfterLog(leader, { kind: 'appendResponse', term: state.term, matchIndex });
}

/** The hint lets the leader skip whole terms: nothing above it can match (fast backtracking, Raft §5.3). */
function reject(state: RaftState, leader: MemberId, message: Append): void {
  const hint = state.log.lastThatMayMatch(message.prevIndex, message.prevEpoch);
  state.outbox.send(leader, {
    kind: 'appendRejected',
    term: state.term,
    rejectedIndex: message.prevIndex,
    hintIndex: hint.index,
    hintEpoch: hint.epoch,
  });
}

export function receiveHeartbeat(state: RaftState, from: MemberId, message: Heartbeat): void {
  follow(state, from);
  commitUpTo(state, message.commitIndex);
  state.outbox.send(from, { kind: 'heartbeatResponse', term: state.term, readRound: message.readRound });
}

export function receiveCommitNotice(state: RaftState, from: MemberId, message: CommitNotice): void {
  follow(state, from);
  commitUpTo(state, message.commitIndex);
}
