/** Bugs planted in how the consensus follows the list of members. */
import type { CoordinationMember, MemberCommand } from '@synod/coordination';
import type { Mutant } from './mutant.ts';

interface MemberInside {
  readonly membershipKeeper: {
    readonly parts: {
      submit: (command: MemberCommand, done: () => void) => void;
    };
    tick: () => void;
  };
}

const inside = (member: CoordinationMember): MemberInside => member as unknown as MemberInside;

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    name: 'removed-member-is-gone-too-early',
    of: 'G4',
    what: 'a removal is answered before the consensus does without the member',
    life: (life) => {
      const { membershipKeeper: keeper } = inside(life);
      const tick = keeper.tick.bind(keeper);
      keeper.tick = () => {
        if (life.replica.status().role === 'leader')
          for (const { id } of life.machine.directory.leaving())
            keeper.parts.submit({ module: 'members', kind: 'retire', id }, () => {});
        tick();
      };
    },
  },
];
