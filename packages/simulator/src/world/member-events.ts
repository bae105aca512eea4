/** What a simulated member says of itself: noted, or, where nothing in a world is a reason for it, a broken rule. */
import { unreachable } from '@synod/consensus';
import type { CorruptionEvent, MemberEvent } from '@synod/coordination';
import { RuleBroken } from '../checkers/rule-broken.ts';

export interface MemberHearer {
  note(text: string): void;
  /** The states of members were compared, and are equal. */
  compared(): void;
}

/** `member`: how a trace names it. @throws RuleBroken */
export function hearMember(member: string, event: MemberEvent, hearer: MemberHearer): void {
  switch (event.kind) {
    case 'leaderless':
      hearer.note(`${member} has had no leader for ${event.leaderlessMs.toFixed(0)} ms`);
      return;
    case 'malformedCall':
      throw new RuleBroken('V4', `${member} cannot read a call: ${event.detail}`);
    case 'autoCompacted':
      throw new RuleBroken('V4', `${member} has no plan to compact by and does`);
    case 'outOfSpace':
      throw new RuleBroken('V4', `${member} has no quota and says that it is reached`);
    case 'corruption':
      hearCorruptionCheck(member, event.event, hearer);
      return;
    case 'commitFailed':
      throw new RuleBroken('S10', `${member} cannot commit its state: ${event.detail}`);
    default:
      unreachable(event);
  }
}

/** Nobody's store is tampered with here: whatever a check finds is wrong of the check, or of a state machine. */
function hearCorruptionCheck(member: string, event: CorruptionEvent, hearer: MemberHearer): void {
  switch (event.kind) {
    case 'hashesDiffer':
    case 'aheadOfLeader':
    case 'ownHashChanged':
      throw new RuleBroken('S1', `${member} ${JSON.stringify(event)}`);
    case 'hashesEqual':
      if (event.compared > 1) hearer.compared();
      return;
    case 'notCompared':
    case 'checkFailed':
      return;
    default:
      unreachable(event);
  }
}
