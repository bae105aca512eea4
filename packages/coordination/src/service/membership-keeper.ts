/**
 * Brings the consensus to what the list of members says: while its member leads, it asks the core for the members that are
 * to be, and retires those that it does without. It compares what is with what shall be, so whatever a leader leaves half
 * done the next one finishes.
 *
 * A member that is to have a vote gets the log first, without one: a vote that cannot be counted on yet would only make
 * quorums dearer (Ongaro's thesis, 4.2.1).
 */
import {
  allMembers,
  isJoint,
  type MemberId,
  majoritySize,
  type ReplicaApi,
  type ReplicaStatus,
  sameIds,
  sortedIds,
  memberId as toMemberId,
} from '@synod/consensus';
import type { MemberCommand } from '../machine/commands.ts';
import type { Machine, MemberFacts } from '../machine/machine-api.ts';

export interface MembershipKeeperParts {
  readonly machine: Pick<Machine, 'directory' | 'appliedIndex'>;
  readonly replica: Pick<ReplicaApi, 'status' | 'changeMembership'>;
  readonly electionTimeoutTicks: number;
  /** By this member's own resolve; `done` whatever came of it. */
  readonly submit: (command: MemberCommand, done: () => void) => void;
}

export class MembershipKeeper {
  private readonly parts: MembershipKeeperParts;
  /** Where the log ended an election timeout or two ago: who has it up to there keeps up. */
  private keepsUpFrom = Number.POSITIVE_INFINITY;
  private lastIndexThen = Number.POSITIVE_INFINITY;
  private ticks = 0;
  /** A retirement is on its way. */
  private isAsking = false;

  constructor(parts: MembershipKeeperParts) {
    this.parts = parts;
  }

  tick(): void {
    const { machine, replica } = this.parts;
    if (!machine.directory.isInForce) return;
    const status = replica.status();
    if (status.role !== 'leader') {
      this.forgetPace();
      return;
    }
    this.notePace(status.lastIndex);
    // The list as of everything that is committed: an older one would undo what somebody was promised.
    if (status.changingMembership || status.transferring || machine.appliedIndex !== status.commitIndex)
      return;
    const wanted = this.wanted(status);
    if (!isAsWanted(status, wanted)) replica.changeMembership(wanted);
    else this.retire(status);
  }

  /** What to ask of the core: those who keep up may vote, the others learn until they do. */
  private wanted({ membership, progress }: ReplicaStatus): { voters: MemberId[]; learners: MemberId[] } {
    const mayVote = ({ id, name, isLearner }: MemberFacts): boolean => {
      if (isLearner) return false;
      if (membership.voters.some((voter) => voter === id)) return true;
      const follower = progress.find((one) => one.id === id);
      // A name shows that it has started, and by which life the cluster knows it: it cannot come back without its memory.
      return name !== '' && follower?.recentlyActive === true && follower.matchIndex >= this.keepsUpFrom;
    };
    const members = this.parts.machine.directory.list();
    const ids = (which: (member: MemberFacts) => boolean): MemberId[] =>
      members.filter(which).map(({ id }) => toMemberId(id));
    const voters = ids(mayVote);
    const learners = ids((member) => !mayVote(member));
    // While less than a quorum of those who shall vote can do it, nobody who does is let go.
    const isEnough = voters.length >= majoritySize(ids(({ isLearner }) => !isLearner).length);
    return { voters: isEnough ? voters : sortedIds([...voters, ...membership.voters]), learners };
  }

  private retire({ membership }: ReplicaStatus): void {
    if (this.isAsking || isJoint(membership)) return;
    const takesPart = new Set<string>(allMembers(membership));
    const leaver = this.parts.machine.directory.leaving().find(({ id }) => !takesPart.has(id));
    if (leaver === undefined) return;
    this.isAsking = true;
    this.parts.submit({ module: 'members', kind: 'retire', id: leaver.id }, () => {
      this.isAsking = false;
    });
  }

  private notePace(lastIndex: number): void {
    if (this.ticks++ % this.parts.electionTimeoutTicks !== 0) return;
    this.keepsUpFrom = this.lastIndexThen;
    this.lastIndexThen = lastIndex;
  }

  private forgetPace(): void {
    this.keepsUpFrom = Number.POSITIVE_INFINITY;
    this.lastIndexThen = Number.POSITIVE_INFINITY;
    this.ticks = 0;
  }
}

function isAsWanted(
  { membership }: ReplicaStatus,
  wanted: { readonly voters: readonly MemberId[]; readonly learners: readonly MemberId[] },
): boolean {
  return (
    !isJoint(membership) &&
    sameIds(membership.voters, wanted.voters) &&
    sameIds(membership.learners, wanted.learners)
  );
}
