/** To whom a leader that should not lead any more gives leadership. */
import type { CoreStatus } from './core.ts';
import type { MemberId } from './numbers.ts';

/**
 * Of the voters that a leader has lately heard from and that are `isFit`, the one whose log is known to be longest: it can
 * take over soonest (Ongaro's thesis, 3.10). `undefined`: there is none, or this member does not lead.
 */
export function heirOf(
  { role, progress, membership }: Pick<CoreStatus, 'role' | 'progress' | 'membership'>,
  isFit: (member: MemberId) => boolean = () => true,
): MemberId | undefined {
  if (role !== 'leader') return undefined;
  let heir: MemberId | undefined;
  let longest = -1;
  for (const { id, recentlyActive, matchIndex } of progress)
    if (recentlyActive && matchIndex > longest && membership.voters.includes(id) && isFit(id)) {
      heir = id;
      longest = matchIndex;
    }
  return heir;
}
