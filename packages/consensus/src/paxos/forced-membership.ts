/**
 * What makes a member of a Multi-Paxos group the only one, when the others are gone for good: all that it accepted counts as
 * chosen, slots that it never saw hold nothing, and behind them comes a membership of itself. Changes of membership that were
 * under way are dropped. Not of the protocol: it is for whoever knows that no other member will ever run again.
 */
import type { RecoveredLog } from '../core/core.ts';
import type { LogRecord } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import { simpleMembership } from '../core/membership.ts';
import { encodeMembership } from '../core/membership-codec.ts';
import { logIndex, type MemberId } from '../core/numbers.ts';
import { decodeHardState, encodeHardState } from './hard-state.ts';

const NOTHING = new Uint8Array(0);

/** Empty: nothing was ever decided here. @throws MalformedBytes when the hard state is not of this version */
export function forcedMembership(
  { hardState, snapshot, entries }: RecoveredLog,
  self: MemberId,
): LogRecord[] {
  if (hardState === undefined) return [];
  const { promised, owner, chosenUpTo } = decodeHardState(hardState);
  const known = Math.max(snapshot.index, chosenUpTo);
  const slots = new Map<number, Entry>();
  let top = known;
  // A slot that was written again holds what was written last.
  for (const entry of entries) {
    slots.set(entry.index, entry);
    if (entry.index > top) top = entry.index;
  }
  const records: LogRecord[] = [];
  const put = (slot: number, kind: Entry['kind'], payload: Uint8Array): void => {
    records.push({ kind: 'entry', entry: { index: logIndex(slot), epoch: promised, kind, payload } });
  };
  for (let slot = known + 1; slot <= top; slot++) {
    const accepted = slots.get(slot);
    if (accepted === undefined || accepted.kind === 'membership') put(slot, 'noop', NOTHING);
  }
  const last = logIndex(top + 1);
  put(last, 'membership', encodeMembership(simpleMembership({ voters: [self], learners: [] })));
  records.push({ kind: 'hardState', state: encodeHardState({ promised, owner, chosenUpTo: last }) });
  return records;
}
