/** The reference's list of members: who was asked for, and who was sent away. Written from the rules, not from the code. */
import type { FailureReason, MemberCommand, MemberFacts } from '@synod/coordination';

interface Listed extends MemberFacts {
  readonly isRemoved: boolean;
}

export class ReferenceMembers {
  /** By id, in the order in which they came. */
  private listed: readonly Listed[];

  constructor(founders: readonly MemberFacts[]) {
    this.listed = founders.map((founder) => ({ ...founder, isRemoved: false }));
  }

  get present(): MemberFacts[] {
    return this.listed
      .filter(({ isRemoved }) => !isRemoved)
      .map(({ isRemoved: _, ...facts }) => facts)
      .sort((a, b) => Number(a.id > b.id) - 0.5);
  }

  apply(command: MemberCommand): FailureReason | undefined {
    const { id } = command;
    const known = this.listed.find((one) => one.id === id);
    const isPresent = known?.isRemoved === false;
    const others = this.present.filter((one) => one.id !== id);
    if (command.kind === 'publish') {
      const { name, clientUrls, peerUrls } = command;
      if (known === undefined)
        this.put({ id, name, clientUrls, peerUrls, isLearner: false, isRemoved: false });
      else if (isPresent) this.put({ ...known, name, clientUrls });
      return undefined;
    }
    if (command.kind === 'retire') return undefined;
    if (command.kind === 'add' ? known?.isRemoved === true : !isPresent) return { code: 'memberNotFound' };
    if (command.kind === 'add' && isPresent) return { code: 'memberExists' };
    if (command.kind === 'add' || command.kind === 'update') {
      const taken = new Set(others.flatMap(({ peerUrls }) => peerUrls));
      if (command.peerUrls.some((url) => taken.has(url))) return { code: 'peerUrlExists' };
    }
    switch (command.kind) {
      case 'add': {
        const { peerUrls, isLearner, learnersMax } = command;
        if (isLearner && others.filter((one) => one.isLearner).length + 1 > learnersMax)
          return { code: 'tooManyLearners' };
        this.put({ id, name: '', clientUrls: [], peerUrls, isLearner, isRemoved: false });
        return undefined;
      }
      case 'remove':
        if (!known!.isLearner && others.every((one) => one.isLearner)) return { code: 'lastVoter' };
        this.put({ ...known!, isRemoved: true });
        return undefined;
      case 'update':
        this.put({ ...known!, peerUrls: command.peerUrls });
        return undefined;
      case 'promote':
        if (!known!.isLearner) return { code: 'memberNotLearner' };
        this.put({ ...known!, isLearner: false });
        return undefined;
    }
  }

  private put(one: Listed): void {
    this.listed = [...this.listed.filter(({ id }) => id !== one.id), one];
  }
}
