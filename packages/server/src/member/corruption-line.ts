/** What the corruption checks find, as lines of the member's log: who, where, both hashes, and what to do. */
import { unreachable } from '@synod/consensus';
import type { CorruptionCheck, CorruptionEvent } from '@synod/coordination';
import type { Log } from '../log/log.ts';

const WHAT_TO_DO =
  'stop the member that differs, run "synod rebuild --data-dir DIR" for its directory, start it, then "synod alarm disarm" (docs/spec/corruption.md)';

const CHECKS: Readonly<Record<CorruptionCheck, string>> = {
  start: 'at start',
  periodic: 'periodic',
  compaction: 'of a compaction',
};

/** `nameOf` has the name of a member by its id. */
export function corruptionLine(
  log: Log,
  event: CorruptionEvent,
  nameOf: (id: string) => string | undefined,
): void {
  const named = (id: string): string => `${id} (${nameOf(id) ?? 'unnamed'})`;
  switch (event.kind) {
    case 'hashesDiffer':
      log.warn('members hold different data at one revision', {
        check: CHECKS[event.check],
        revision: event.revision,
        'compact-revision': event.compactedTo,
        hashes: event.sums.map(({ member, sum }) => `${named(member)}: ${sum}`),
        'against-the-majority':
          event.blamed.length === 0 ? 'no hash has a majority' : event.blamed.map(named).join(', '),
        'what-to-do': WHAT_TO_DO,
      });
      return;
    case 'aheadOfLeader':
      log.warn('a member is further than the leader, which knows all that was decided', {
        member: named(event.member),
        revision: event.revision,
        'compact-revision': event.compactedTo,
        'leader-revision': event.leaderRevision,
        'leader-compact-revision': event.leaderCompactedTo,
        'what-to-do': WHAT_TO_DO,
      });
      return;
    case 'ownHashChanged':
      log.warn('this member read its own data twice at one revision, and it was not the same', {
        member: named(event.member),
        revision: event.revision,
        hashes: [...event.sums],
        'what-to-do': WHAT_TO_DO,
      });
      return;
    case 'notCompared':
      log.warn('a member is left out of a comparison of data', {
        check: CHECKS[event.check],
        member: named(event.member),
        revision: event.revision,
        reason: event.why,
      });
      return;
    case 'hashesEqual':
      log.info('finished corruption check: no difference', {
        check: CHECKS[event.check],
        revision: event.revision,
        'members-compared': event.compared,
        members: event.members,
      });
      return;
    case 'checkFailed':
      log.warn('a corruption check came to nothing; the next one may', {
        check: CHECKS[event.check],
        reason: event.why,
      });
      return;
    default:
      unreachable(event);
  }
}
