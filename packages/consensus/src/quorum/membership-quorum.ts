/**
 * The quorum rules of a membership: a majority of the voters and, while it is joint, of the outgoing voters as well
 * (Raft §6). Every decision by counting goes through this file (pitfall 4), so that quorums of another shape need a
 * change here and nowhere else. Learners never count (R16): no function here looks at them.
 */
import type { Membership } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';
import { majoritySize, quorumValue, type VoteOutcome, voteOutcome } from './majority.ts';

/** The highest value that a quorum has reached: of log indexes, what is committed; of read rounds, what is confirmed. */
export function valueHeldByQuorum(membership: Membership, valueAt: (voter: MemberId) => number): number {
  const { voters, outgoingVoters } = membership;
  const incoming = quorumValue(voters, valueAt, majoritySize(voters.length));
  if (outgoingVoters.length === 0) return incoming;
  return Math.min(incoming, quorumValue(outgoingVoters, valueAt, majoritySize(outgoingVoters.length)));
}

/** An election over both halves: lost as soon as one half is lost. */
export function electionOutcome(membership: Membership, votes: ReadonlyMap<MemberId, boolean>): VoteOutcome {
  const { voters, outgoingVoters } = membership;
  const incoming = voteOutcome(voters, votes, majoritySize(voters.length));
  const outgoing = voteOutcome(outgoingVoters, votes, majoritySize(outgoingVoters.length));
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

/** Whether the members for which `active` holds make a quorum: what check-quorum asks. */
export function isQuorum(membership: Membership, active: (voter: MemberId) => boolean): boolean {
  return valueHeldByQuorum(membership, (voter) => (active(voter) ? 1 : 0)) >= 1;
}
