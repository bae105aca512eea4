/**
 * What holds between any two steps (of a state), and across one (before → after). The cheap ones run after every
 * step in production; the full ones after every step in tests and simulation. Changes nothing.
 */
import { assert } from '../core/assert.ts';
import type { Entry } from '../core/entry.ts';
import { entryBytes } from '../core/entry.ts';
import { isJoint } from '../core/membership.ts';
import type { Epoch, LogIndex } from '../core/numbers.ts';
import { quorumIsSafe, quorumOf } from '../quorum/flexible.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';

/** O(1). */
export function assertCheapInvariants(state: PaxosState): void {
  const { slots } = state;
  assert(state.commitIndex <= slots.lastIndex, 'P10: commit ≤ last');
  assert(state.applyingIndex <= state.commitIndex, 'P10: handed out ≤ commit');
  assert(state.appliedIndex <= state.applyingIndex, 'P10: applied ≤ handed out');
  assert(
    state.restoringIndex !== undefined || slots.trimmedIndex <= state.appliedIndex,
    'P14: trim ≤ applied, unless a snapshot is being restored',
  );
  assert(state.promised <= state.highestSeen, 'P3: the next own ballot is above all that were heard of');
  if (state.role.kind === 'follower') {
    assert(state.leader !== state.id, 'who does not lead knows that');
    return;
  }
  assert(state.owner === state.id, 'a proposer owns the ballot that it has promised');
  if (state.role.kind === 'leader') {
    assert(state.leader === state.id, 'a leader knows itself for leader');
    assert(state.role.nextSlot > state.commitIndex, 'what is chosen is not proposed again');
    // What is recovered may lie higher: an earlier leader knew of more that was chosen.
    const top = Math.max(state.role.recoveredTop, state.commitIndex + state.settings.limits.windowSlotsMax);
    assert(state.role.nextSlot - 1 <= top, 'P11: no new slot is proposed above the window');
    if (state.role.stopSlot !== undefined)
      assert(
        state.role.nextSlot === state.role.stopSlot.slot + 1,
        'P13: nothing is proposed above a stop slot',
      );
  } else assert(state.leader === undefined, 'whoever stands knows of no leader');
}

/** O(slots). */
export function assertFullInvariants(state: PaxosState): void {
  assertCheapInvariants(state);
  const { slots } = state;
  let bytes = 0;
  let newestMembership = 0;
  for (let slot = slots.trimmedIndex + 1; slot <= slots.lastIndex; slot++) {
    const entry = slots.at(slot);
    assert(entry !== undefined || slot > state.commitIndex, 'P10: what is chosen is here');
    if (entry === undefined) continue;
    assert(entry.index === slot, 'a value knows its slot');
    bytes += entryBytes(entry);
    if (slot > state.commitIndex)
      assert(entry.epoch <= state.promised, 'P4: nothing is accepted above the promise');
    else if (entry.kind === 'membership') newestMembership = slot;
  }
  assert(bytes === slots.bytes, 'the bytes of the slots are counted');
  const { membership, index } = state.memberships.latest;
  if (newestMembership > 0) assert(index === newestMembership, 'P13: the newest chosen membership rules');
  else assert(index <= slots.trimmedIndex, 'P13: a membership is chosen or from a snapshot');
  assert(!isJoint(membership), 'Paxos has no joint memberships');
  assert(quorumIsSafe(membership.voters.length, quorumOf(membership)), 'P12: quorums meet');
  if (state.role.kind === 'leader') assertLeader(state, state.role);
}

function assertLeader(state: PaxosState, leader: LeaderRole): void {
  let uncommitted = 0;
  for (let slot: number = state.commitIndex + 1; slot < leader.nextSlot; slot++) {
    const entry = state.slots.at(slot);
    assert(entry?.epoch === state.promised, 'P2: what a leader proposed it holds at its ballot');
    uncommitted += entryBytes(entry);
  }
  assert(leader.uncommittedBytes === uncommitted, 'R19: uncommitted bytes are what is above the commit');
  const { limits } = state.settings;
  for (const peer of leader.peers.values()) {
    let bytes = 0;
    for (const sending of peer.inflight) bytes += sending.bytes;
    assert(peer.inflightBytes === bytes, 'R19: bytes in flight are counted');
    assert(
      peer.inflight.length <= limits.inflightMessagesMax,
      'R19: messages in flight stay under their limit',
    );
    assert(
      bytes <= limits.inflightBytesMax + limits.messageBytesMax || peer.inflight.length === 1,
      'R19: bytes in flight stay under their limit',
    );
  }
  leader.reads.assertRoundsRise('P15');
}

/** What the next state is compared with. */
export interface StepBefore {
  readonly promised: Epoch;
  readonly owner: string | undefined;
  readonly commitIndex: LogIndex;
  readonly committed: Entry | undefined;
  readonly applyingIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly trimmedIndex: LogIndex;
  readonly readRound: number;
}

export function beforeStep(state: PaxosState): StepBefore {
  return {
    promised: state.promised,
    owner: state.owner,
    commitIndex: state.commitIndex,
    committed: state.slots.at(state.commitIndex),
    applyingIndex: state.applyingIndex,
    appliedIndex: state.appliedIndex,
    trimmedIndex: state.slots.trimmedIndex,
    readRound: state.readRound,
  };
}

export function assertStep(before: StepBefore, state: PaxosState): void {
  assert(state.promised >= before.promised, 'P4: the promise never falls');
  if (state.promised === before.promised)
    assert(state.owner === before.owner, 'P3: a ballot is promised to one owner');
  assert(state.commitIndex >= before.commitIndex, 'P10: the commit index never falls');
  assert(state.applyingIndex >= before.applyingIndex, 'P10: what was handed out stays so');
  assert(state.appliedIndex >= before.appliedIndex, 'P10: the applied index never falls');
  assert(state.slots.trimmedIndex >= before.trimmedIndex, 'P14: the trim never falls');
  const now = state.slots.at(before.commitIndex);
  if (now !== undefined) assert(now === before.committed, 'P8: what is chosen is not replaced');
  assert(state.readRound >= before.readRound, 'P15: rounds rise');
}
