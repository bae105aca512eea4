/** R13: asking for a pre-vote, or for a part of a log, changes nothing at whoever is asked. */
import type { RaftCore } from '@synod/consensus';
import { require } from '../rule-broken.ts';

export const QUESTIONS: ReadonlySet<string> = new Set(['preVoteRequest', 'pullRequest']);

export interface BeforeQuestion {
  readonly term: number;
  readonly vote: string | undefined;
  readonly role: string;
  readonly elapsedTicks: number;
}

export function beforeQuestion({ state }: RaftCore): BeforeQuestion {
  return {
    term: state.term,
    vote: state.vote,
    role: state.role.kind,
    elapsedTicks: state.electionElapsedTicks,
  };
}

export function checkQuestion(place: number, before: BeforeQuestion, core: RaftCore): void {
  const after = beforeQuestion(core);
  require(after.term === before.term &&
    after.vote === before.vote &&
    after.role === before.role &&
    after.elapsedTicks === before.elapsedTicks, 'R13', () =>
    `a question changes m${place}: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
}
