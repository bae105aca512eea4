/**
 * Asking for another's log, and answering (pitfall 10): a replica that would win but for its stale log pulls what it lacks
 * from the freshest of those that refuse it. Here nothing is taken (pulled.ts) and no election is decided (election.ts).
 */
import { assert } from '../core/assert.ts';
import { logIndex, type MemberId } from '../core/numbers.ts';
import type { VoteOutcome } from '../quorum/majority.ts';
import { electionOutcome } from '../quorum/membership-quorum.ts';
import { hasRecentLeader } from './leader-recency.ts';
import type { LogPosition } from './log.ts';
import type { PullRequest } from './messages.ts';
import type { CandidateRole, PreCandidateRole } from './role-state.ts';
import type { RaftState } from './state.ts';

export type CampaignRole = CandidateRole | PreCandidateRole;

/**
 * How the campaign would end if those who refuse for their fresher logs alone granted their votes: what it will be after
 * a catch-up. "Won" also says that nobody in a quorum hears a leader, so that no healthy one is disturbed.
 */
export function outcomeButForTheLog(state: RaftState, { votes, fresher }: CampaignRole): VoteOutcome {
  const hoped = new Map(votes);
  for (const id of fresher.keys()) hoped.set(id, true);
  return electionOutcome(state.memberships.latest.membership, hoped);
}

/** Asks the freshest for what follows this log, unless something is asked already. A lost question is the election timer's matter. */
export function pullOnce(state: RaftState, role: CampaignRole): void {
  if (role.pull !== undefined) return;
  const { log } = state;
  pullAfter(state, role, freshest(role.fresher), { index: log.lastIndex, epoch: log.lastEpoch });
}

/** Asks one member for what follows a position in its log. */
export function pullAfter(state: RaftState, role: CampaignRole, from: MemberId, after: LogPosition): void {
  state.pulls++;
  role.pull = { from, number: state.pulls };
  state.outbox.send(from, {
    kind: 'pullRequest',
    term: state.term,
    pull: state.pulls,
    prevIndex: after.index,
    prevEpoch: after.epoch,
  });
}

function freshest(logs: ReadonlyMap<MemberId, LogPosition>): MemberId {
  let best: [MemberId, LogPosition] | undefined;
  for (const [id, end] of logs) if (best === undefined || isFresher(end, best[1])) best = [id, end];
  assert(best !== undefined, 'who catches up was refused by somebody with a fresher log');
  return best[0];
}

/** Whether a log that ends so is refused the votes of no log that ends like the other, and not the other way round. */
export function isFresher(end: LogPosition, than: LogPosition): boolean {
  return end.epoch === than.epoch ? end.index > than.index : end.epoch > than.epoch;
}

/** Sends what follows the asker's position, or the last one that may be common. Reads only, as an answer to a pre-vote does (R13). */
export function answerPull(state: RaftState, from: MemberId, message: PullRequest): void {
  if (hasRecentLeader(state, from)) return;
  const { log, term } = state;
  const at = commonPosition(state, message);
  if (at === undefined) {
    state.outbox.push({
      kind: 'sendSnapshot',
      to: from,
      atLeast: log.trimmedIndex,
      install: (meta) => ({ kind: 'pullSnapshot', term, meta }),
    });
    return;
  }
  const { appendBytesMax } = state.settings.limits;
  const end = logIndex(log.lastIndex + 1);
  const { entries } = log.read(logIndex(Math.min(at.index + 1, end)), end, appendBytesMax);
  state.outbox.send(from, {
    kind: 'pullResponse',
    term,
    pull: message.pull,
    prevIndex: at.index,
    prevEpoch: at.epoch,
    entries,
    lastIndex: log.lastIndex,
    lastEpoch: log.lastEpoch,
  });
}

/** The asker's position if it is in this log, else the highest one that may be in both; undefined: below the trim. */
function commonPosition({ log }: RaftState, { prevIndex, prevEpoch }: PullRequest): LogPosition | undefined {
  const at = log.lastThatMayMatch(prevIndex, prevEpoch);
  return at.index < log.trimmedIndex || at.epoch > prevEpoch ? undefined : at;
}
