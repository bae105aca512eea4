/** P2: in a slot and at a ballot at most one value is ever proposed. */
import { require } from '../rule-broken.ts';
import type { BallotRecord } from './run-record.ts';

/** Whether this was proposed before. */
export function noteProposedOnce(record: BallotRecord, slot: number, ballot: number, hash: number): boolean {
  const before = record.proposed.get(slot);
  require(before === undefined || before === hash, 'P2', () =>
    `two values are proposed in slot ${slot} at ballot ${ballot}`);
  record.proposed.set(slot, hash);
  return before !== undefined;
}
