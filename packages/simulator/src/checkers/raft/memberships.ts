/**
 * R15: consecutive memberships have no two quorums that do not meet; a leader makes a change only when the last one, and an
 * entry of its own term, are committed.
 */
import { allMembers, type Membership, type RaftCore } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { isQuorum } from './replica-record.ts';

/** The leader put `after` in force where `before` was. Tries every group of members. */
export function noteMembershipChange(place: number, before: Membership, after: Membership): void {
  const everyone = [...new Set([...allMembers(before), ...allMembers(after)])];
  for (let bits = 0; bits < 2 ** everyone.length; bits++) {
    const inside = (id: string): boolean => ((bits >> everyone.indexOf(id as never)) & 1) === 1;
    require(!(isQuorum(before, inside) && isQuorum(after, (id) => !inside(id))), 'R15', () =>
      `m${place} goes from ${before.voters.join(' ')} to ${after.voters.join(' ')}, and quorums do not meet`);
  }
}

/** The leader appended a change after the one at `before`. */
export function checkChangeAllowed(place: number, { state }: RaftCore, before: number): void {
  const { commitIndex, log, term } = state;
  require(before <= commitIndex, 'R15', () =>
    `m${place} changes the membership, and the change in ${before} is not committed`);
  require(log.epochAt(commitIndex) === term, 'R15', () =>
    `m${place} changes the membership of term ${term} before an entry of that term is committed`);
}
