/**
 * What makes a member of a Raft group the only one, when the others are gone for good: everything in its log, and behind it a
 * membership of itself, in a term of its own. As the only voter it then commits all of it. Not of the protocol: it is for
 * whoever knows that no other member will ever run again.
 */
import type { RecoveredLog } from '../core/core.ts';
import type { LogRecord } from '../core/effects.ts';
import { simpleMembership } from '../core/membership.ts';
import { encodeMembership } from '../core/membership-codec.ts';
import { epoch, logIndex, type MemberId } from '../core/numbers.ts';
import { decodeHardState, encodeHardState } from './hard-state.ts';

/** Empty: nothing was ever decided here. @throws MalformedBytes when the hard state is not of this version */
export function forcedMembership(
  { hardState, snapshot, entries }: RecoveredLog,
  self: MemberId,
): LogRecord[] {
  if (hardState === undefined) return [];
  // A term that nobody else has led: what another leader put at this place is another entry.
  const term = epoch(decodeHardState(hardState).term + 1);
  const index = logIndex((entries.at(-1)?.index ?? snapshot.index) + 1);
  const payload = encodeMembership(simpleMembership({ voters: [self], learners: [] }));
  return [
    { kind: 'hardState', state: encodeHardState({ term, vote: self }) },
    { kind: 'entry', entry: { index, epoch: term, kind: 'membership', payload } },
  ];
}
