/** R21: once everything is healed there is a leader, and everybody comes to the same log, within a bound. */
import type { MemberId } from '@synod/consensus';
import type { SimulatedMember } from '../world/simulated-member.ts';

/** Whether the members that count agree, or else what is missing. */
export function disagreement(members: readonly SimulatedMember[]): string | undefined {
  const leaders = members.filter(({ core }) => core?.status().role === 'leader');
  if (leaders.length === 0) return 'nobody leads';
  const leader = leaders.reduce((a, b) => (a.core!.status().epoch >= b.core!.status().epoch ? a : b));
  const { commitIndex, lastIndex, membership, epoch } = leader.core!.status();
  if (membership.outgoingVoters.length > 0) return 'the membership is joint';
  if (commitIndex !== lastIndex) return `m${leader.place} has committed ${commitIndex} of ${lastIndex}`;
  for (const id of [...membership.voters, ...membership.learners]) {
    const member = memberOf(members, id);
    if (member?.life === undefined) return `m${member?.place} is not up`;
    const status = member.core!.status();
    if (status.epoch !== epoch) return `m${member.place} is in ${status.epoch}, the leader in ${epoch}`;
    if (member.life.machine.appliedIndex !== commitIndex)
      return `m${member.place} has applied ${member.life.machine.appliedIndex} of ${commitIndex}`;
  }
  return undefined;
}

function memberOf(members: readonly SimulatedMember[], id: MemberId): SimulatedMember | undefined {
  return members.find((member) => member.id === id);
}
