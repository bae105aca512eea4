/**
 * What holds between any two steps (of a state), and across one (before → after). The cheap ones run after every
 * step in production; the full ones after every step in tests and simulation. Changes nothing.
 */
import { assert } from '../core/assert.ts';
import { entryBytes } from '../core/entry.ts';
import { allMembers, isJoint, isVoter } from '../core/membership.ts';
import { type Epoch, type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { ownTermIsCommitted } from './commit.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';
import { uncommittedBytes } from './transitions.ts';

/** O(1). */
export function assertCheapInvariants(state: RaftState): void {
  const { log } = state;
  assert(state.commitIndex <= log.lastIndex, 'R9: commit ≤ last');
  assert(state.applyingIndex <= state.commitIndex, 'R9: handed out ≤ commit');
  assert(state.appliedIndex <= state.applyingIndex, 'R9: applied ≤ handed out');
  assert(
    state.restoringIndex !== undefined || log.trimmedIndex <= state.appliedIndex,
    'R9: trim ≤ applied, unless a snapshot is being restored',
  );
  assert(log.lastEpoch <= state.term, 'no entry is of a later term than the replica');
  assert(state.writes.durableIndex <= log.lastIndex, 'only what is in the log is durable');
  if (state.role.kind === 'leader') {
    assert(state.leader === state.id, 'a leader knows itself for leader');
    assert(state.vote === state.id, 'a leader holds its own vote');
    assert(log.lastEpoch === state.term, 'a leader has appended in its term');
  } else {
    assert(state.leader !== state.id, 'who does not lead knows that');
  }
  if (state.role.kind === 'candidate') assert(state.vote === state.id, 'a candidate votes for itself');
  if (state.role.kind !== 'follower')
    assert(
      state.leader === undefined || state.role.kind === 'leader',
      'whoever campaigns knows of no leader',
    );
}

/** O(log). */
export function assertFullInvariants(state: RaftState): void {
  assertCheapInvariants(state);
  assertLogIsWhole(state);
  assertMembershipsFollowLog(state);
  if (state.role.kind === 'leader') assertLeader(state, state.role);
}

function assertLogIsWhole(state: RaftState): void {
  const { log } = state;
  let bytes = 0;
  let before = log.trimmedEpoch;
  for (let index: number = log.trimmedIndex + 1; index <= log.lastIndex; index++) {
    const entry = log.entryAt(logIndex(index))!;
    assert(entry.index === index, 'an entry knows its index');
    assert(entry.epoch >= before, 'terms never fall along the log');
    before = entry.epoch;
    bytes += entryBytes(entry);
  }
  assert(bytes === log.bytes, 'the bytes of the log are counted');
}

function assertMembershipsFollowLog(state: RaftState): void {
  const { log, memberships, commitIndex } = state;
  let newest = 0;
  let uncommitted = 0;
  for (let index: number = log.trimmedIndex + 1; index <= log.lastIndex; index++) {
    if (log.entryAt(logIndex(index))!.kind !== 'membership') continue;
    newest = index;
    if (index > commitIndex) uncommitted++;
  }
  if (newest > 0) assert(memberships.latest.index === newest, 'the newest membership is in force');
  else
    assert(
      memberships.latest.index <= log.trimmedIndex,
      'a membership in force is in the log or the snapshot',
    );
  // Whoever has not committed in its own term may still have to learn that earlier ones are committed.
  if (state.role.kind === 'leader' && ownTermIsCommitted(state))
    assert(uncommitted <= 1, 'R15: at most one uncommitted membership change');
  const { membership } = memberships.latest;
  assert(membership.voters.length > 0, 'somebody votes');
  for (const id of membership.learners) assert(!isVoter(membership, id), 'R16: a learner has no vote');
  for (const id of membership.learnersNext)
    assert(
      isJoint(membership) && membership.outgoingVoters.includes(id),
      'only outgoing voters become learners later',
    );
  assert(state.selfIsVoter === isVoter(membership, state.id), 'a replica knows whether it has a vote');
}

function assertLeader(state: RaftState, leader: LeaderRole): void {
  const { limits } = state.settings;
  assert(
    leader.uncommittedBytes === uncommittedBytes(state),
    'R19: uncommitted bytes are what is above the commit',
  );
  const members = allMembers(state.memberships.latest.membership);
  for (const id of members) assert(leader.progress.has(id), 'a leader keeps account of every member');
  for (const [id, progress] of leader.progress) {
    assert(id === state.id || members.includes(id), 'a leader keeps account of members only');
    assert(progress.matchIndex <= state.log.lastIndex, 'nobody holds more than the leader');
    assert(
      progress.inflights.count <= limits.inflightMessagesMax,
      'R19: messages in flight stay under their limit',
    );
    assert(
      progress.inflights.bytes <= limits.inflightBytesMax + limits.appendBytesMax ||
        progress.inflights.count === 1,
      'R19: bytes in flight stay under their limit',
    );
    if (progress.state !== 'replicate')
      assert(progress.inflights.count === 0, 'R19: only replicate has messages in flight');
    if (id === state.id)
      assert(progress.matchIndex === state.writes.durableIndex, 'R8: the leader counts what is durable');
    else assert(progress.nextIndex > progress.matchIndex, 'what is sent next lies above what matches');
  }
  leader.reads.assertRoundsRise('R12');
}

/** What the next state is compared with. */
export interface StepBefore {
  readonly term: Epoch;
  readonly vote: MemberId | undefined;
  readonly commitIndex: LogIndex;
  readonly applyingIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly trimmedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly committedEpoch: Epoch | undefined;
  readonly readRound: number;
  readonly led: boolean;
}

export function beforeStep(state: RaftState): StepBefore {
  return {
    term: state.term,
    vote: state.vote,
    commitIndex: state.commitIndex,
    applyingIndex: state.applyingIndex,
    appliedIndex: state.appliedIndex,
    trimmedIndex: state.log.trimmedIndex,
    lastIndex: state.log.lastIndex,
    committedEpoch: state.log.epochAt(state.commitIndex),
    readRound: state.readRound,
    led: state.role.kind === 'leader',
  };
}

export function assertStep(before: StepBefore, state: RaftState): void {
  assert(state.term >= before.term, 'R3: the term never decreases');
  if (state.term === before.term && before.vote !== undefined)
    assert(state.vote === before.vote, 'R2: a vote is not taken back within a term (pitfall 17)');
  assert(state.commitIndex >= before.commitIndex, 'R9: the commit index never falls');
  assert(state.applyingIndex >= before.applyingIndex, 'R9: what was handed out stays so');
  assert(state.appliedIndex >= before.appliedIndex, 'R9: the applied index never falls');
  assert(state.log.trimmedIndex >= before.trimmedIndex, 'R9: the trim never falls');
  const epochNow = state.log.epochAt(before.commitIndex);
  if (epochNow !== undefined)
    assert(epochNow === before.committedEpoch, 'R11: what is committed is not replaced');
  assert(state.readRound >= before.readRound, 'R12: rounds rise');
  if (before.led && state.role.kind === 'leader') {
    assert(state.term === before.term, 'a leader of two terms was a candidate in between');
    assert(state.log.lastIndex >= before.lastIndex, 'R4: a leader only appends');
    if (state.commitIndex > before.commitIndex)
      assert(state.log.epochAt(state.commitIndex) === state.term, 'R8: a leader commits in its own term');
  }
}
