/** R13: a pre-vote request changes nothing at its receiver. */
import type { RaftCore } from '@synod/consensus';
import { require } from '../rule-broken.ts';

export interface BeforePreVote {
  readonly term: number;
  readonly vote: string | undefined;
  readonly role: string;
  readonly elapsedTicks: number;
}

export function beforePreVote({ state }: RaftCore): BeforePreVote {
  return {
    term: state.term,
    vote: state.vote,
    role: state.role.kind,
    elapsedTicks: state.electionElapsedTicks,
  };
}

export function checkPreVote(place: number, before: BeforePreVote, core: RaftCore): void {
  const after = beforePreVote(core);
  require(after.term === before.term &&
    after.vote === before.vote &&
    after.role === before.role &&
    after.elapsedTicks === before.elapsedTicks, 'R13', () =>
    `a pre-vote request changes m${place}: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
}
