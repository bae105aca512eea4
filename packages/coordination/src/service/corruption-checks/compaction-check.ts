/**
 * The leader compares what members kept of their compactions (etcd's compact hash check): the newest that all have. What all
 * agree on is not looked at again; where one is missing, an older one may still tell something.
 */
import type { MemberId } from '@synod/consensus';
import { type Revision, revision } from '../../machine/values.ts';
import type { CompactionHashes } from './compaction-hashes.ts';
import { type JudgementParts, judge } from './judgement.ts';
import type { KeyspaceHashCalls, MemberAnswer } from './keyspace-hash-calls.ts';
import type { KeyspaceSum } from './keyspace-question.ts';

export interface CompactionCheckParts extends JudgementParts {
  readonly self: MemberId;
  readonly kept: Pick<CompactionHashes, 'above'>;
  readonly hashes: Pick<KeyspaceHashCalls, 'askOthers'>;
  readonly leads: () => boolean;
}

export class CompactionCheck {
  private readonly parts: CompactionCheckParts;
  /** All members were found to agree there. Monotonic. */
  private agreedTo: Revision = revision(0);

  constructor(parts: CompactionCheckParts) {
    this.parts = parts;
  }

  /** Calls back when it has come to its end, whatever that is. */
  run(done: () => void): void {
    this.checkNext([...this.parts.kept.above(this.agreedTo)], done);
  }

  private checkNext(left: KeyspaceSum[], done: () => void): void {
    const own = left.shift();
    if (own === undefined || !this.parts.leads()) {
      done();
      return;
    }
    this.parts.hashes.askOthers({ revision: own.hashRevision, mayBeKept: true }, (answers) => {
      if (this.parts.leads() && !this.isSettled(own, answers)) this.checkNext(left, done);
      else done();
    });
  }

  /** @returns whether there is nothing to learn from older compactions */
  private isSettled(own: KeyspaceSum, answers: readonly MemberAnswer[]): boolean {
    const sums = new Map<MemberId, number>([[this.parts.self, own.sum]]);
    for (const { member, answer } of answers)
      if (answer.kind === 'sum' && answer.compactedTo === own.compactedTo) sums.set(member, answer.sum);
      else
        this.parts.observe({
          kind: 'notCompared',
          check: 'compaction',
          member,
          revision: own.hashRevision,
          why: answer.kind === 'sum' ? 'otherCompaction' : answer.why,
        });
    const members = answers.length + 1;
    const verdict = judge({ check: 'compaction', of: own, sums, members }, this.parts);
    if (verdict.kind !== 'same') return true;
    if (sums.size < members) return false;
    this.agreedTo = own.hashRevision;
    return true;
  }
}
