/**
 * The acceptor: promises, accepts, and keeps its word over restarts. Both answers wait for the disk (P4, P5). Whether a
 * value is chosen is not its business.
 */
import type { Entry } from '../core/entry.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { type Epoch, type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import { heardFromLeader, restartRound } from './election.ts';
import { learnCommit } from './learner.ts';
import type { Accept, Prepare, PromiseChunk, SlotRange } from './messages.ts';
import type { PaxosState } from './state.ts';
import { becomeFollower } from './transitions.ts';

/** Phase 1b. A promise given to the same owner before is told again. */
export function receivePrepare(state: PaxosState, from: MemberId, message: Prepare): void {
  if (!raisePromise(state, from, message.ballot)) return;
  const chunk = promiseChunk(state, message.ballot, message.from, state.settings.limits.messageBytesMax);
  state.outbox.sendAfterLog(from, chunk);
}

/** Phase 2b. A duplicate is acknowledged again and not written again. */
export function receiveAccept(state: PaxosState, from: MemberId, message: Accept): void {
  if (!follow(state, from, message.ballot)) return;
  for (const entry of message.entries) acceptOne(state, entry);
  const first = message.entries[0]!.index;
  const last = message.entries.at(-1)!.index;
  learnCommit(state, from, message.ballot, message.commitIndex);
  state.outbox.sendAfterLog(from, {
    kind: 'accepted',
    ballot: message.ballot,
    first,
    last,
    chosenUpTo: state.durableCommit,
  });
}

/** A slot known chosen needs no acceptance: no ballot that could still choose something holds another value for it. */
export function acceptOne(state: PaxosState, entry: Entry): void {
  if (entry.index <= state.commitIndex) return;
  if (state.slots.at(entry.index)?.epoch === entry.epoch) return;
  writeSlot(state, entry);
}

/** Puts a value into its slot and into the journal. */
export function writeSlot(state: PaxosState, entry: Entry): void {
  state.slots.put(entry);
  if (entry.kind === 'membership')
    state.pendingMembership = { index: entry.index, membership: decodeMembership(entry.payload) };
  const ticket = state.outbox.writeLog({ kind: 'entry', entry });
  state.writes.began(ticket, { first: entry.index, last: entry.index });
  if (state.unknown.length > 0) state.unknown = without(state.unknown, entry.index);
}

/** Whether a ballot is not too low; if it is higher than what was promised, it is promised now. */
function raisePromise(state: PaxosState, from: MemberId, ballot: Epoch): boolean {
  if (ballot < state.promised || (ballot === state.promised && from !== state.owner)) {
    state.outbox.send(from, { kind: 'refused', ballot, promised: state.promised });
    return false;
  }
  if (ballot === state.promised) return true;
  becomeFollower(state, undefined);
  state.setPromise(ballot, from);
  // The proposer gets a round's time to show that it leads; meanwhile nobody here stands against it.
  state.content = true;
  restartRound(state);
  return true;
}

/** A message in which its sender leads. The promise rises here too, not only in phase 1. */
export function follow(state: PaxosState, from: MemberId, ballot: Epoch): boolean {
  if (!raisePromise(state, from, ballot)) return false;
  heardFromLeader(state, from);
  return true;
}

/** What this acceptor says of the slots from `from` on, as far as `bytesMax` reaches. */
export function promiseChunk(
  state: PaxosState,
  ballot: Epoch,
  from: LogIndex,
  bytesMax: number,
): PromiseChunk {
  const listFrom = Math.max(from, state.commitIndex + 1);
  const entries = state.slots.read(listFrom, state.slots.lastIndex, bytesMax);
  const lastListed = entries.at(-1)?.index ?? state.slots.lastIndex;
  const more = lastListed < state.slots.lastIndex;
  const unknownTop = state.unknown.at(-1)?.last ?? 0;
  const upTo = more ? lastListed : Math.max(lastListed, unknownTop, listFrom - 1);
  return {
    kind: 'promise',
    ballot,
    from,
    upTo: logIndex(upTo),
    more,
    chosenUpTo: state.commitIndex,
    trimmedIndex: state.slots.trimmedIndex,
    entries,
    unknown: state.unknown.filter(({ last }) => last >= listFrom),
  };
}

function without(ranges: readonly SlotRange[], slot: LogIndex): SlotRange[] {
  return ranges.flatMap(({ first, last }) => {
    if (slot < first || slot > last) return [{ first, last }];
    const parts: SlotRange[] = [];
    if (first < slot) parts.push({ first, last: logIndex(slot - 1) });
    if (slot < last) parts.push({ first: logIndex(slot + 1), last });
    return parts;
  });
}
