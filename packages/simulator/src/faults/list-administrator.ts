/**
 * Changes the membership as clients do: by commands about the list of members, put to anybody who is up. What the consensus
 * makes of it is the keeper's business; and the moment that anybody's list says a removed member is gone, its machine is
 * destroyed, for that is what the answer to a removal permits.
 */
import { type MemberCommand, OWN_RESOLVE } from '@synod/coordination';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { Administrator, MEMBERS_MAX } from './administrator.ts';

type Life = NonNullable<SimulatedMember['life']>;

/** One thing that is wanted of the list, until the consensus has followed. */
interface Wish {
  readonly member: SimulatedMember;
  readonly command: MemberCommand;
  readonly isGranted: (leader: Life) => boolean;
}

const LEARNERS_MAX = 5;

export class ListAdministrator extends Administrator {
  private wishes: Wish[] = [];

  protected override get wantsChange(): boolean {
    return this.wishes.length > 0;
  }

  /** Somebody's list of members changed. */
  listChanged({ life }: SimulatedMember): void {
    if (life === undefined) return;
    const { members, queue } = this.parts;
    for (const member of members)
      if (member.state !== 'broken' && life.machine.directory.standing(member.id) === 'gone')
        queue.after(0, () => member.wipe());
  }

  protected override wantShape(voterBits: number, learnerBits: number): boolean {
    const { members, leader, recruit, random } = this.parts;
    const { directory } = leader()!.life!.machine;
    const listed = members.filter(({ id }) => directory.member(id) !== undefined);
    const isWanted = ({ place }: SimulatedMember): boolean =>
      (((voterBits | learnerBits) >> place) & 1) === 1;
    const staying = listed.filter((member) => isWanted(member) && !member.isDamaged);
    if (!staying.some(({ id }) => !directory.member(id)!.isLearner)) return false;
    for (const member of listed) {
      if (!staying.includes(member)) this.remove(member);
      else if (directory.member(member.id)!.isLearner && (voterBits >> member.place) & 1)
        this.promote(member);
    }
    if (members.length < MEMBERS_MAX && random.chance(0.6)) this.add(recruit(), random.chance(0.3));
    return this.wantsChange;
  }

  protected override step(leader: SimulatedMember, lost: SimulatedMember | undefined): boolean {
    const life = leader.life!;
    const { directory } = life.machine;
    if (lost !== undefined && directory.member(lost.id) !== undefined && !this.isAskedToGo(lost)) {
      const { isLearner } = directory.member(lost.id)!;
      this.remove(lost);
      if (!isLearner && this.parts.members.length < MEMBERS_MAX) this.add(this.parts.recruit(), false);
    }
    this.wishes = this.wishes.filter(({ isGranted }) => !isGranted(life));
    for (const { command } of this.wishes) this.put(command);
    return this.wishes.length === 0;
  }

  private put(command: MemberCommand): void {
    const { members, random } = this.parts;
    const up = members.filter(({ life }) => life !== undefined);
    if (up.length === 0) return;
    const complete = (result: {
      readonly kind: string;
      readonly reason?: { readonly code: string };
    }): void => {
      // Those who were to vote beside it went first: it stays.
      if (result.kind === 'failure' && result.reason?.code === 'lastVoter')
        this.wishes = this.wishes.filter((wish) => wish.command !== command);
    };
    random.pick(up).life!.service.submit(command, { complete }, OWN_RESOLVE);
  }

  private isAskedToGo(member: SimulatedMember): boolean {
    return this.wishes.some((wish) => wish.member === member && wish.command.kind === 'remove');
  }

  private remove(member: SimulatedMember): void {
    const { id } = member;
    this.wish(member, { module: 'members', kind: 'remove', id }, ({ machine }) => {
      return machine.directory.standing(id) === 'gone';
    });
  }

  private promote(member: SimulatedMember): void {
    const { id } = member;
    this.wish(member, { module: 'members', kind: 'promote', id }, (leader) => isVoter(leader, id));
  }

  private add(member: SimulatedMember, isLearner: boolean): void {
    const { id } = member;
    const command = { kind: 'add', id, peerUrls: [id], isLearner, learnersMax: LEARNERS_MAX } as const;
    this.wish(member, { module: 'members', ...command }, (leader) =>
      isLearner ? leader.replica.status().membership.learners.includes(id) : isVoter(leader, id),
    );
  }

  private wish(member: SimulatedMember, command: MemberCommand, isGranted: (leader: Life) => boolean): void {
    this.wishes.push({
      member,
      command,
      // Who is not in the list any more needs nothing: a later wish sent it away.
      isGranted: (leader) => isGranted(leader) || (command.kind !== 'remove' && wasRemoved(leader, member)),
    });
  }
}

function isVoter({ replica }: Life, id: string): boolean {
  const { voters, outgoingVoters } = replica.status().membership;
  return outgoingVoters.length === 0 && voters.some((voter) => voter === id);
}

function wasRemoved({ machine }: Life, { id }: SimulatedMember): boolean {
  const standing = machine.directory.standing(id);
  return standing === 'leaving' || standing === 'gone';
}
