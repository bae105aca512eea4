/** What follows from hashes of one and the same thing: who is named, and what is told. Alike for every check of a leader's. */
import type { MemberId } from '@synod/consensus';
import type { CorruptionCheck, CorruptionEvent } from './corruption-event.ts';
import type { KeyspaceSum } from './keyspace-question.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface JudgementParts {
  /** Undefined: somebody is wrong, and nobody can say who. */
  readonly blame: (member: MemberId | undefined) => void;
  readonly observe: (event: CorruptionEvent) => void;
}

export interface Evidence {
  readonly check: CorruptionCheck;
  /** The leader's own. */
  readonly of: KeyspaceSum;
  /** Of all that can be compared with it, its own included. */
  readonly sums: ReadonlyMap<MemberId, number>;
  /** All members there are. */
  readonly members: number;
}

export function judge({ check, of, sums, members }: Evidence, parts: JudgementParts): Verdict {
  const verdict = verdictOf(sums, members);
  const { hashRevision, compactedTo } = of;
  if (verdict.kind === 'same')
    parts.observe({ kind: 'hashesEqual', check, revision: hashRevision, compared: sums.size, members });
  else
    parts.observe({
      kind: 'hashesDiffer',
      check,
      revision: hashRevision,
      compactedTo,
      sums: [...sums].map(([member, sum]) => ({ member, sum })),
      blamed: verdict.kind === 'differing' ? verdict.members : [],
    });
  blameBy(verdict, parts.blame);
  return verdict;
}

export function blameBy(verdict: Verdict, blame: JudgementParts['blame']): void {
  if (verdict.kind === 'undecided') blame(undefined);
  else if (verdict.kind === 'differing') for (const member of verdict.members) blame(member);
}
