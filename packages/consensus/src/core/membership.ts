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

/** As the sets of a membership are: sorted, without duplicates. */
export function sortedIds(ids: Iterable<MemberId>): MemberId[] {
  return [...new Set(ids)].sort();
}

/** Whether two sorted sets are one. */
export function sameIds(left: readonly MemberId[], right: readonly MemberId[]): boolean {
  return left.length === right.length && left.every((id, i) => id === right[i]);
}

/** A membership that is not joint. */
export function simpleMembership(change: MembershipChange): Membership {
  return {
    voters: sortedIds(change.voters),
    outgoingVoters: [],
    learners: sortedIds(change.learners),
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
  return sortedIds([...membership.voters, ...membership.outgoingVoters, ...membership.learners]);
}
