/**
 * How a leader assigns slots and sends them: each member through its window, gaps sent again, the own disk never waited
 * for. Decides nothing about what is chosen.
 */
import { assert } from '../core/assert.ts';
import { ENTRY_OVERHEAD_BYTES, type Entry, type EntryKind, entryBytes } from '../core/entry.ts';
import { allMembers } from '../core/membership.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';
import { writeSlot } from './acceptor.ts';
import type { Accept } from './messages.ts';
import type { PeerProgress } from './peer-progress.ts';
import type { LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';
import { addPeers } from './transitions.ts';

/** Proposes a value in the next slot, and accepts it here. The only place where a value gets a slot (P2). */
export function assign(state: PaxosState, leader: LeaderRole, kind: EntryKind, payload: Uint8Array): void {
  assert(leader.stopSlot === undefined, 'P13: nothing is assigned above an undecided membership');
  const entry: Entry = { index: leader.nextSlot, epoch: state.promised, kind, payload };
  leader.nextSlot = logIndex(leader.nextSlot + 1);
  leader.uncommittedBytes += entryBytes(entry);
  writeSlot(state, entry);
  if (kind !== 'membership') return;
  const membership = decodeMembership(payload);
  leader.stopSlot = { slot: entry.index, membership };
  addPeers(state, leader, allMembers(membership));
}

/** How many slots may still be assigned: none above the window, and none above an undecided membership. */
export function freeSlots(state: PaxosState, leader: LeaderRole): number {
  if (leader.recovering || leader.stopSlot !== undefined) return 0;
  return state.commitIndex + state.settings.limits.windowSlotsMax + 1 - leader.nextSlot;
}

/**
 * Gives slots to the commands that wait for them, as many as there are. The last slot of the window is left to a change of
 * membership, which would find none under a load that fills every slot as soon as it is free.
 */
export function assignBacklog(state: PaxosState, leader: LeaderRole): void {
  if (leader.backlog.length === 0) return;
  const count = Math.min(leader.backlog.length, freeSlots(state, leader) - 1);
  if (count <= 0) return;
  for (let i = 0; i < count; i++) {
    const payload = leader.backlog[i]!;
    leader.backlogBytes -= payload.length + ENTRY_OVERHEAD_BYTES;
    assign(state, leader, 'command', payload);
  }
  leader.backlog = count === leader.backlog.length ? [] : leader.backlog.slice(count);
}

export function sendToAll(state: PaxosState, leader: LeaderRole): void {
  for (const peer of leader.peers.values()) sendTo(state, leader, peer);
}

export function sendTo(state: PaxosState, leader: LeaderRole, peer: PeerProgress): void {
  if (peer.id === state.id) return;
  // What is chosen it learns; only what is open has to reach it from here.
  if (peer.nextSlot <= state.commitIndex) peer.nextSlot = state.commitIndex + 1;
  const { limits, heartbeatTicks, electionTimeoutTicks } = state.settings;
  // One that is not heard of gets heartbeats only, until it answers one.
  if (peer.silentTicks >= electionTimeoutTicks) return;
  while (peer.nextSlot < leader.nextSlot && !peer.isFull(limits)) {
    const entries = readAccept(state, leader, peer.nextSlot, leader.nextSlot - 1);
    const last = entries.at(-1)!.index;
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    sendAccept(state, leader, peer, entries);
    peer.sent({ first: peer.nextSlot, last, bytes, retryTicks: 2 * heartbeatTicks });
  }
}

/** What the newest Accept held, if it is the same: then it is the same message, and encoded once. */
function readAccept(state: PaxosState, leader: LeaderRole, from: number, to: number): readonly Entry[] {
  const entries = state.slots.read(from, to, state.settings.limits.messageBytesMax);
  const newest = leader.newestAccept?.entries;
  const isSame = newest?.[0]?.index === from && newest.length === entries.length;
  return isSame ? newest : entries;
}

function sendAccept(
  state: PaxosState,
  leader: LeaderRole,
  peer: PeerProgress,
  entries: readonly Entry[],
): void {
  const commitIndex = commitFor(state, leader, peer);
  const newest = leader.newestAccept;
  const message: Accept =
    newest !== undefined && newest.entries === entries && newest.commitIndex === commitIndex
      ? newest
      : { kind: 'accept', ballot: state.promised, commitIndex, entries };
  leader.newestAccept = message;
  peer.commitSent = commitIndex;
  state.outbox.send(peer.id, message);
}

/** Sends again what was not acknowledged in time; less and less often. */
export function tickPeers(state: PaxosState, leader: LeaderRole): void {
  for (const peer of leader.peers.values()) {
    if (peer.id === state.id) continue;
    peer.silentTicks++;
    for (const sending of peer.inflight) sending.ageTicks++;
    peer.giveUpChosen(state.commitIndex);
    for (const sending of peer.inflight) {
      if (sending.ageTicks < sending.retryTicks) continue;
      sending.ageTicks = 0;
      sending.retryTicks = Math.min(2 * sending.retryTicks, state.settings.electionTimeoutTicks);
      const from = Math.max(sending.first, state.commitIndex + 1);
      if (from > sending.last) continue;
      sendAccept(state, leader, peer, state.slots.read(from, sending.last, Number.POSITIVE_INFINITY));
    }
    sendTo(state, leader, peer);
  }
}

/** What a member may know of the commit: one that a change removed is told of it last (P17). */
function commitFor(state: PaxosState, leader: LeaderRole, peer: PeerProgress): LogIndex {
  const { retirement } = leader;
  if (retirement === undefined || !retirement.members.includes(peer.id)) return state.commitIndex;
  return logIndex(Math.min(state.commitIndex, retirement.slot - 1));
}

/** A heartbeat to everyone; it carries the newest read round. */
export function sendHeartbeats(state: PaxosState, leader: LeaderRole): void {
  for (const peer of leader.peers.values()) {
    if (peer.id === state.id) continue;
    const commitIndex = commitFor(state, leader, peer);
    peer.commitSent = commitIndex;
    state.outbox.send(peer.id, {
      kind: 'heartbeat',
      ballot: state.promised,
      commitIndex,
      readRound: state.readRound,
    });
  }
}

/** Tells a member to whom nothing is on its way that the commit rose: so an idle cluster applies soon everywhere. */
export function sendCommitNotice(state: PaxosState, leader: LeaderRole, peer: PeerProgress): void {
  if (peer.id === state.id || peer.inflight.length > 0) return;
  const commitIndex = commitFor(state, leader, peer);
  if (commitIndex <= peer.commitSent) return;
  peer.commitSent = commitIndex;
  state.outbox.send(peer.id, { kind: 'commitNotice', ballot: state.promised, commitIndex });
}

export function sendCommitNotices(state: PaxosState, leader: LeaderRole): void {
  for (const peer of leader.peers.values()) sendCommitNotice(state, leader, peer);
}
