/** Changes the membership at the leader's core itself: any set of members in one step. */
import { type MemberId, type MembershipChange, sameIds, sortedIds } from '@synod/consensus';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { Administrator, MEMBERS_MAX } from './administrator.ts';

export class CoreAdministrator extends Administrator {
  /** What the cluster is to become; undefined: nothing is wanted. */
  private wanted: MembershipChange | undefined;

  protected override get wantsChange(): boolean {
    return this.wanted !== undefined;
  }

  protected override wantShape(voterBits: number, learnerBits: number): boolean {
    const { members, recruit, random } = this.parts;
    if (members.length < MEMBERS_MAX && random.chance(0.3)) recruit();
    const sound = members.filter(({ state, isDamaged }) => state !== 'broken' && !isDamaged);
    const voters = sound.filter(({ place }) => (voterBits >> place) & 1).map(({ id }) => id);
    const learners = sound
      .filter(({ id, place }) => !voters.includes(id) && (learnerBits >> place) & 1)
      .map(({ id }) => id);
    if (voters.length > 0) this.wanted = { voters, learners };
    return voters.length > 0;
  }

  protected override step(leader: SimulatedMember, lost: SimulatedMember | undefined): boolean {
    const { replica } = leader.life!;
    const { membership, commitIndex, lastIndex, changingMembership } = replica.status();
    if (lost !== undefined && this.wanted === undefined) this.wanted = this.without(lost, membership);
    if (this.wanted === undefined) return true;
    const isSettled = !changingMembership && commitIndex === lastIndex;
    if (
      isSettled &&
      sameIds(membership.voters, sortedIds(this.wanted.voters)) &&
      sameIds(membership.learners, sortedIds(this.wanted.learners))
    ) {
      this.wanted = undefined;
      return true;
    }
    replica.changeMembership(this.wanted);
    return false;
  }

  /** The membership with a fresh member in the place of the lost one. */
  private without(
    lost: SimulatedMember,
    membership: { readonly voters: readonly MemberId[]; readonly learners: readonly MemberId[] },
  ): MembershipChange {
    // A new leader may still show an older membership; a name whose disk was lost never comes back, whoever shows it.
    const gone = new Set(this.parts.members.filter(({ state }) => state === 'broken').map(({ id }) => id));
    const replace = (ids: readonly MemberId[]): MemberId[] =>
      ids.filter((id) => id !== lost.id && !gone.has(id));
    if (!membership.voters.includes(lost.id) || this.parts.members.length >= MEMBERS_MAX)
      return { voters: replace(membership.voters), learners: replace(membership.learners) };
    const fresh = this.parts.recruit();
    return {
      voters: [...replace(membership.voters), fresh.id].sort(),
      learners: replace(membership.learners),
    };
  }
}
