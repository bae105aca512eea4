/**
 * Quorums of two sizes (Howard, Malkhi, Spiegelman: "Flexible Paxos", 2016): phase 1 and phase 2 need not be majorities
 * as long as any two of them meet. Pure functions of a membership; learners never count. Knows neither roles nor slots.
 */
import type { Membership, QuorumSizes } from '../core/membership.ts';
import type { MemberId } from '../core/numbers.ts';

/** The smallest sizes that meet: the majority, and for an even number of voters the smaller half in phase 2. */
export function defaultQuorum(voterCount: number): QuorumSizes {
  const phase2 = Math.ceil(voterCount / 2);
  return { phase1: voterCount + 1 - phase2, phase2 };
}

export function quorumOf(membership: Membership): QuorumSizes {
  return membership.quorum ?? defaultQuorum(membership.voters.length);
}

/**
 * Whether every phase-1 quorum meets every phase-2 quorum (P12), and every other phase-1 quorum too: so a ballot has
 * one owner among those who completed its phase 1, even if two proposers should come by the same number.
 */
export function quorumIsSafe(voterCount: number, { phase1, phase2 }: QuorumSizes): boolean {
  const isSize = (size: number): boolean => Number.isInteger(size) && size >= 1 && size <= voterCount;
  return isSize(phase1) && isSize(phase2) && phase1 + phase2 > voterCount && 2 * phase1 > voterCount;
}

function countVoters({ voters }: Membership, has: (voter: MemberId) => boolean): number {
  let count = 0;
  for (const voter of voters) if (has(voter)) count++;
  return count;
}

/** Whether the voters for which `has` holds may let a proposer lead. */
export function isPhase1Quorum(membership: Membership, has: (voter: MemberId) => boolean): boolean {
  return countVoters(membership, has) >= quorumOf(membership).phase1;
}

/** Whether the voters for which `has` holds choose a value. */
export function isPhase2Quorum(membership: Membership, has: (voter: MemberId) => boolean): boolean {
  return countVoters(membership, has) >= quorumOf(membership).phase2;
}

/** Whether no phase-1 quorum can be made of the others alone: who confirms a read (P15). Never more than a phase-2 quorum. */
export function meetsEveryPhase1Quorum(membership: Membership, has: (voter: MemberId) => boolean): boolean {
  const others = membership.voters.length - countVoters(membership, has);
  return others < quorumOf(membership).phase1;
}
