/**
 * Whoever runs the cluster: changes the membership, hands leadership over, and replaces members whose disks were lost.
 * Keeps the budget: at most so many members are lost at once that the rest is a quorum, and the next one only after the
 * last was replaced.
 */
import type { MemberId, MembershipChange } from '@synod/consensus';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import type { Trace } from '../world/trace.ts';

export interface AdministratorParts {
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly members: readonly SimulatedMember[];
  /** The member that leads, by its own word and the newest epoch. */
  readonly leader: () => SimulatedMember | undefined;
  /** A new member with an empty disk and a name of its own. */
  readonly recruit: () => SimulatedMember;
}

/** How often a change that is not yet there is asked for again. */
const RETRY_MS = 500;
const MEMBERS_MAX = 12;

export class Administrator {
  /** Members replaced so far. */
  replacements = 0;
  private readonly parts: AdministratorParts;
  /** What the cluster is to become; undefined: nothing is wanted. */
  private wanted: MembershipChange | undefined;
  /** Whom the present change takes away because its disk is lost. */
  private lost: SimulatedMember | undefined;
  private planned = false;

  constructor(parts: AdministratorParts) {
    this.parts = parts;
  }

  get isBusy(): boolean {
    return this.wanted !== undefined || this.lost !== undefined;
  }

  lose(place: number, how: 'rot' | 'misdirect' | 'wipe'): void {
    const { members, random } = this.parts;
    const member = members[place]!;
    if (this.isBusy || member.state !== 'up' || !this.canSpare(member)) return;
    if (how === 'rot' && !member.disk.rotFrame(random)) return;
    if (how === 'misdirect' && !member.disk.misdirectInto(random)) return;
    member.isDamaged = true;
    this.lost = member;
    if (how === 'wipe') member.wipe();
    // A scrub or a restart finds the damage; then the member's data is thrown away.
    else {
      member.end({ survival: 0 });
      member.start();
    }
    this.plan();
  }

  transfer(to: number): void {
    const { members, leader } = this.parts;
    const target = members[to % members.length]!;
    leader()?.life?.replica.transferLeadership(target.id);
  }

  reshape(voterBits: number, learnerBits: number): void {
    const { members, leader, recruit, random } = this.parts;
    if (this.isBusy) return;
    if (leader() === undefined) return;
    if (members.length < MEMBERS_MAX && random.chance(0.3)) recruit();
    const sound = members.filter(({ state, isDamaged }) => state !== 'broken' && !isDamaged);
    const voters = sound.filter(({ place }) => (voterBits >> place) & 1).map(({ id }) => id);
    const learners = sound
      .filter(({ id, place }) => !voters.includes(id) && (learnerBits >> place) & 1)
      .map(({ id }) => id);
    if (voters.length === 0) return;
    this.wanted = { voters, learners };
    this.plan();
  }

  /** Goes on with what is wanted, and finds members that refuse to start. */
  private step(): void {
    this.planned = false;
    const { leader } = this.parts;
    const first = leader();
    const status = first?.life?.replica.status();
    if (status === undefined || first === undefined) {
      this.plan();
      return;
    }
    const { membership, commitIndex, lastIndex, changingMembership } = status;
    const isSettled = !changingMembership && commitIndex === lastIndex;
    if (this.lost !== undefined && this.wanted === undefined)
      this.wanted = this.without(this.lost, status.membership);
    if (this.wanted === undefined) return;
    if (
      isSettled &&
      sameIds(membership.voters, this.wanted.voters) &&
      sameIds(membership.learners, this.wanted.learners)
    ) {
      this.finish();
      return;
    }
    first.life?.replica.changeMembership(this.wanted);
    this.plan();
  }

  private finish(): void {
    this.wanted = undefined;
    if (this.lost === undefined) return;
    this.lost.wipe();
    this.lost = undefined;
    this.replacements++;
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

  /** Whether the cluster can do without one more disk, whoever's view of the membership is the true one. */
  private canSpare(member: SimulatedMember): boolean {
    const { members } = this.parts;
    // Who was lost before and still has a vote in somebody's view is not there to help.
    const gone = new Set(
      members.filter(({ state, isDamaged }) => state === 'broken' || isDamaged).map(({ id }) => id),
    );
    gone.add(member.id);
    for (const { state, core } of members) {
      if (state === 'broken') continue;
      // Who is not up may hold a membership that nobody else knows of.
      if (core === undefined) return false;
      const { voters, outgoingVoters } = core.status().membership;
      const left = voters.filter((id) => !gone.has(id)).length;
      if (outgoingVoters.length > 0 || 2 * left <= voters.length) return false;
    }
    return true;
  }

  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    this.parts.queue.after(RETRY_MS, () => this.step());
  }
}

function sameIds(left: readonly MemberId[], right: readonly MemberId[]): boolean {
  return left.length === right.length && [...left].sort().join() === [...right].sort().join();
}
