/**
 * Who takes part in a group, as data. The quorum rules over it are in ../quorum.
 * Raft §6 (joint consensus); a membership is joint while `outgoingVoters` is not empty.
 */
import type { MemberId } from './numbers.ts';

export interface Membership {
  /** The voters, or in a joint membership the incoming half; sorted, without duplicates, never empty. */
  readonly voters: readonly MemberId[];
  /** The outgoing half of a joint membership, else empty; sorted. */
  readonly outgoingVoters: readonly MemberId[];
  /** Replicas that get the log and have no vote; sorted, disjoint from both halves. */
  readonly learners: readonly MemberId[];
  /** Voters of the outgoing half that become learners when the joint membership is left; sorted. */
  readonly learnersNext: readonly MemberId[];
  /** How large the quorums are. Absent: the smallest that are safe for this many voters. Raft never sets it. */
  readonly quorum?: QuorumSizes;
}

/** Flexible quorums (Howard, Malkhi, Spiegelman 2016): a part of the membership, never a replica's own setting. */
export interface QuorumSizes {
  /** Promises that let a proposer lead. */
  readonly phase1: number;
  /** Acceptances that choose a value. */
  readonly phase2: number;
}

/** A change as asked for: the set of voters and learners to end in. The core finds the steps. */
export interface MembershipChange {
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  /** Quorums of another size than the default: Paxos alone can do that. */
  readonly quorum?: QuorumSizes;
}

/** A membership that is not joint. */
export function simpleMembership(change: MembershipChange): Membership {
  return {
    voters: [...new Set(change.voters)].sort(),
    outgoingVoters: [],
    learners: [...new Set(change.learners)].sort(),
    learnersNext: [],
  };
}

export function isJoint(membership: Membership): boolean {
  return membership.outgoingVoters.length > 0;
}

export function isVoter(membership: Membership, id: MemberId): boolean {
  return membership.voters.includes(id) || membership.outgoingVoters.includes(id);
}

/** Everyone whom a leader replicates to, sorted, without duplicates. */
export function allMembers(membership: Membership): MemberId[] {
  return [...new Set([...membership.voters, ...membership.outgoingVoters, ...membership.learners])].sort();
}
