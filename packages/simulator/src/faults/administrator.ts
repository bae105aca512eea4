/**
 * Whoever runs the cluster: changes the membership, hands leadership over, and replaces members whose disks were lost.
 * Keeps the budget: at most so many members are lost at once that the rest is a quorum, and the next one only after the
 * last was replaced. How the membership is changed is for each kind of administrator to say.
 */
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
export const MEMBERS_MAX = 12;

export abstract class Administrator {
  /** Members replaced so far. */
  replacements = 0;
  protected readonly parts: AdministratorParts;
  /** Whose disk is lost, and who is to be replaced. */
  private lost: SimulatedMember | undefined;
  private planned = false;

  constructor(parts: AdministratorParts) {
    this.parts = parts;
  }

  /** Whether a change was asked for and is not there yet. */
  protected abstract get wantsChange(): boolean;
  /** There is a leader. Returns whether anything is wanted now. */
  protected abstract wantShape(voterBits: number, learnerBits: number): boolean;
  /** Goes on with what is wanted, the replacement of a lost member included; returns whether all of it is there. */
  protected abstract step(leader: SimulatedMember, lost: SimulatedMember | undefined): boolean;

  get isBusy(): boolean {
    return this.wantsChange || this.lost !== undefined;
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
    if (this.isBusy || this.parts.leader() === undefined) return;
    if (this.wantShape(voterBits, learnerBits)) this.plan();
  }

  /** Goes on with what is wanted, and finds members that refuse to start. */
  private look(): void {
    this.planned = false;
    const first = this.parts.leader();
    if (first?.life === undefined || !this.step(first, this.lost)) {
      this.plan();
      return;
    }
    if (this.lost === undefined) return;
    this.lost.wipe();
    this.lost = undefined;
    this.replacements++;
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
    this.parts.queue.after(RETRY_MS, () => this.look());
  }
}
