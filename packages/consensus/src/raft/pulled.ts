/**
 * Taking what was pulled from another's log, and campaigning with it (pitfall 10). docs/spec/raft.md has the argument why
 * this is safe though nobody leads. Trusts nothing in an answer but that it is a part of a replica's log.
 */
import type { Entry } from '../core/entry.ts';
import { epoch, logIndex, type MemberId } from '../core/numbers.ts';
import { type CampaignRole, isFresher, pullAfter } from './catch-up.ts';
import { commitUpTo } from './commit.ts';
import { campaign } from './election.ts';
import { takeEntries } from './follow.ts';
import type { PullResponse, PullSnapshot } from './messages.ts';
import { restore } from './snapshot.ts';
import type { RaftState } from './state.ts';

export function receivePulled(
  state: RaftState,
  role: CampaignRole,
  from: MemberId,
  message: PullResponse,
): void {
  // Late, doubled, or of another campaign.
  if (role.pull?.number !== message.pull || role.pull.from !== from) return;
  role.pull = undefined;
  const { log } = state;
  const end = { index: message.lastIndex, epoch: message.lastEpoch };
  if (!isFresher(end, { index: log.lastIndex, epoch: log.lastEpoch })) {
    // It was cut since it refused: nothing stands between this replica and that vote any more.
    campaign(state);
    return;
  }
  // What is committed here is in every fresher log, unless the one asked is of another cluster's past: nothing is cut for it (R11).
  if (message.prevIndex < state.commitIndex) return;
  if (!log.matches(message.prevIndex, message.prevEpoch)) {
    const common = log.lastThatMayMatch(message.prevIndex, message.prevEpoch);
    if (common.index >= state.commitIndex) pullAfter(state, role, from, common);
    return;
  }
  // A leader of this term may still count on what was acknowledged to it and send commit indexes up to there. In the next
  // term its messages are turned away, so what it counts on may go; the term is durable with what takes the place.
  if (cuts(state, message.entries)) state.setTerm(epoch(state.term + 1));
  takeEntries(state, message.entries);
  campaign(state);
}

/** Whether an entry that is here has another in its place there. */
function cuts({ log }: RaftState, entries: readonly Entry[]): boolean {
  return entries.some((entry) => {
    const epochHere = log.epochAt(entry.index);
    return epochHere !== undefined && epochHere !== entry.epoch;
  });
}

/** A snapshot is of what is committed, whoever sends it: it may be taken at any time. */
export function receivePulledSnapshot(state: RaftState, { meta }: PullSnapshot): void {
  if (state.restoringIndex !== undefined || meta.index <= state.commitIndex) return;
  if (state.log.matches(meta.index, meta.epoch)) commitUpTo(state, logIndex(meta.index));
  else restore(state, meta);
  campaign(state);
}
