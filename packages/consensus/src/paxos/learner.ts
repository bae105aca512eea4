/**
 * The learner: what is known to be chosen, how the rest is learned, and what is handed to the owner. A chosen value needs
 * no ballot, so anybody may be asked.
 */
import { assert } from '../core/assert.ts';
import type { Entry } from '../core/entry.ts';
import { allMembers } from '../core/membership.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { type Epoch, epoch, type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { writeSlot } from './acceptor.ts';
import { slotCommitted } from './leader-commit.ts';
import type { LearnRequest, LearnResponse, LearnTrimmed } from './messages.ts';
import { continuePhase1 } from './proposer.ts';
import type { PaxosState } from './state.ts';
import { stepDown } from './transitions.ts';

/** A question without an answer is asked of another member after this many heartbeats. */
const LEARN_RETRY_HEARTBEATS = 2;

/**
 * Whoever says so often, an election timeout apart, that a snapshot is on its way is passed over for a while: it may be
 * unable to make one, as a removed member is whose state is ahead of what it knows to be chosen.
 */
const SNAPSHOT_ANSWERS_MAX = 5;

/**
 * A leader at `ballot` says that everything up to `index` is chosen. That is so for the values of its ballot or a higher
 * one: a slot that holds a value of a lower ballot may hold another value than the one chosen (P8).
 */
export function learnCommit(state: PaxosState, from: MemberId, ballot: Epoch, index: LogIndex): void {
  let upTo: number = state.commitIndex;
  while (upTo < index) {
    const entry = state.slots.at(upTo + 1);
    if (entry === undefined || entry.epoch < ballot) break;
    upTo++;
  }
  commitUpTo(state, logIndex(upTo));
  noteChosenElsewhere(state, from, index);
}

/** Everything up to `index` is chosen, and what is in these slots is what was chosen. */
export function commitUpTo(state: PaxosState, index: LogIndex): void {
  while (state.commitIndex < index) {
    const slot = logIndex(state.commitIndex + 1);
    const entry = state.slots.at(slot);
    assert(entry !== undefined, 'P10: only what is here is committed');
    state.commitIndex = slot;
    if (entry.kind === 'membership') {
      const membership = decodeMembership(entry.payload);
      state.memberships.append({ index: slot, membership });
      state.recordMembershipChosen(slot);
      state.outbox.push({ kind: 'membership', membership, index: slot });
    }
    if (state.role.kind === 'leader') slotCommitted(state, state.role, entry);
  }
}

/** Somebody knows slots up to `index` to be chosen. */
export function noteChosenElsewhere(state: PaxosState, source: MemberId, index: LogIndex): void {
  const { learning } = state;
  if (index <= learning.target || index <= state.commitIndex) return;
  // What is on its way usually comes by itself: the first question waits.
  if (learning.target <= state.commitIndex) {
    learning.waitTicks = state.settings.heartbeatTicks;
    learning.asked = undefined;
    learning.tries = 0;
  }
  learning.target = index;
  learning.source = source;
}

export function tickLearning(state: PaxosState): void {
  const { learning } = state;
  if (learning.target <= state.commitIndex || state.restoringIndex !== undefined) return;
  if (--learning.waitTicks > 0) return;
  if (learning.asked !== undefined) {
    learning.tries++;
    learning.snapshotFrom = undefined;
    learning.snapshotAnswers = 0;
  }
  askToLearn(state);
}

/** Asks whoever said that there is something to learn; then, if that leads nowhere, one after the other. */
function askToLearn(state: PaxosState): void {
  const { learning } = state;
  const { membership } = state.memberships.latest;
  const others = allMembers(membership).filter((id) => id !== state.id && id !== learning.source);
  const candidates = learning.source === undefined ? others : [learning.source, ...others];
  const whom = learning.snapshotFrom ?? candidates[learning.tries % Math.max(1, candidates.length)];
  if (whom === undefined) return;
  learning.asked = whom;
  learning.waitTicks = state.settings.heartbeatTicks * LEARN_RETRY_HEARTBEATS;
  state.outbox.send(whom, { kind: 'learnRequest', from: logIndex(state.commitIndex + 1) });
}

/** What a proposer lacks is asked for at once: nothing else will bring it. */
export function learnNow(state: PaxosState, source: MemberId, index: LogIndex): void {
  noteChosenElsewhere(state, source, index);
  if (state.learning.asked === undefined && state.restoringIndex === undefined) askToLearn(state);
}

export function receiveLearnRequest(state: PaxosState, from: MemberId, message: LearnRequest): void {
  const { slots, commitIndex } = state;
  if (message.from <= slots.trimmedIndex) {
    state.outbox.send(from, { kind: 'learnTrimmed', trimmedIndex: slots.trimmedIndex });
    state.outbox.push({
      kind: 'sendSnapshot',
      to: from,
      atLeast: slots.trimmedIndex,
      install: (meta) => ({ kind: 'installSnapshot', meta }),
    });
    return;
  }
  const entries = slots.read(message.from, commitIndex, state.settings.limits.messageBytesMax);
  state.outbox.send(from, { kind: 'learnResponse', entries, chosenUpTo: commitIndex });
}

export function receiveLearnResponse(state: PaxosState, from: MemberId, message: LearnResponse): void {
  // While a snapshot is being restored the slots below it are not to be had one by one.
  if (state.restoringIndex !== undefined) return;
  const before = state.commitIndex;
  for (const entry of message.entries) learnOne(state, entry);
  noteChosenElsewhere(state, from, message.chosenUpTo);
  const { learning } = state;
  if (state.commitIndex > before) {
    learning.asked = undefined;
    learning.tries = 0;
    learning.snapshotFrom = undefined;
    learning.snapshotAnswers = 0;
    if (learning.target > state.commitIndex && message.chosenUpTo > state.commitIndex) {
      learning.source = from;
      askToLearn(state);
    }
    continuePhase1(state);
  }
}

/** Takes the next chosen value. The ballot of what was accepted here is never lowered: a promise may have told of it. */
function learnOne(state: PaxosState, chosen: Entry): void {
  if (chosen.index !== state.commitIndex + 1) return;
  // Somebody led above this ballot: what is proposed at it may come to nothing.
  if (state.role.kind !== 'follower' && chosen.epoch > state.promised) {
    state.sawBallot(chosen.epoch);
    stepDown(state);
  }
  const own = state.slots.at(chosen.index);
  if (own?.epoch !== chosen.epoch) {
    const ballot = epoch(Math.max(own?.epoch ?? 0, chosen.epoch));
    writeSlot(state, ballot === chosen.epoch ? chosen : { ...chosen, epoch: ballot });
  }
  commitUpTo(state, chosen.index);
}

/** A snapshot is on its way from here: others are not asked for another one meanwhile. */
export function receiveLearnTrimmed(state: PaxosState, from: MemberId, message: LearnTrimmed): void {
  const { learning } = state;
  noteChosenElsewhere(state, from, message.trimmedIndex);
  if (learning.asked !== from) return;
  learning.waitTicks = state.settings.electionTimeoutTicks;
  learning.asked = undefined;
  if (++learning.snapshotAnswers < SNAPSHOT_ANSWERS_MAX) {
    // The next question to the same member is no retry: it renews the request.
    learning.snapshotFrom = from;
    return;
  }
  learning.snapshotFrom = undefined;
  learning.snapshotAnswers = 0;
  learning.tries++;
}

/**
 * Hands out what is chosen and durable here. Without the second condition the owner's own durable state could get ahead
 * of its journal.
 */
export function handOutCommitted(state: PaxosState): void {
  if (state.restoringIndex !== undefined) return;
  const end = state.durableCommit;
  while (state.applyingIndex < end) {
    const from = state.applyingIndex + 1;
    const entries = state.slots.read(from, end, state.settings.limits.applyBytesMax);
    const last = entries.at(-1);
    assert(
      last !== undefined && last.index === state.applyingIndex + entries.length,
      'P10: no gap is applied',
    );
    state.outbox.push({ kind: 'apply', entries });
    state.applyingIndex = last.index;
  }
}
