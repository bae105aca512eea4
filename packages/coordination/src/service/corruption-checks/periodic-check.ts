/**
 * From time to time the leader compares what all members hold at one revision (etcd's periodic check). It reads its own
 * store, asks the others, makes sure that it still leads and knows all that was decided, and reads its own store again: only
 * then is what differs a fault and not news that has yet to arrive.
 */
import type { MemberId } from '@synod/consensus';
import { revision } from '../../machine/values.ts';
import type { CorruptionEvent } from './corruption-event.ts';
import { blameBy, judge } from './judgement.ts';
import type { KeyspaceHashCalls, MemberAnswer } from './keyspace-hash-calls.ts';
import type { KeyspaceAnswer, KeyspaceSum } from './keyspace-question.ts';
import { verdictOf } from './verdict.ts';

export interface PeriodicCheckParts {
  readonly self: MemberId;
  readonly hashes: Pick<KeyspaceHashCalls, 'own' | 'askOthers'>;
  /** Calls back once this member knows all that was decided when it was called; or with why not. */
  readonly read: (done: (failure: string | undefined) => void) => void;
  readonly leads: () => boolean;
  /** Undefined: nobody can say who. */
  readonly blame: (member: MemberId | undefined) => void;
  readonly observe: (event: CorruptionEvent) => void;
}

const NOW = revision(0);

export class PeriodicCheck {
  private readonly parts: PeriodicCheckParts;

  constructor(parts: PeriodicCheckParts) {
    this.parts = parts;
  }

  /** Calls back when it has come to its end, whatever that is. */
  run(done: () => void): void {
    const { hashes } = this.parts;
    const failed = (why: string): void => {
      this.parts.observe({ kind: 'checkFailed', check: 'periodic', why });
      done();
    };
    this.readThen(failed, () =>
      hashes.own(NOW, (first) => {
        if (first.kind === 'none') {
          failed(first.why);
          return;
        }
        hashes.askOthers({ revision: first.hashRevision, mayBeKept: false }, (answers) =>
          this.readThen(failed, () =>
            hashes.own(NOW, (second) => {
              if (second.kind === 'none') failed(second.why);
              else if (!this.parts.leads()) failed('leaderChanged');
              else {
                this.compare(first, second, answers);
                done();
              }
            }),
          ),
        );
      }),
    );
  }

  private readThen(failed: (why: string) => void, next: () => void): void {
    this.parts.read((failure) => (failure === undefined ? next() : failed(failure)));
  }

  private compare(first: KeyspaceSum, second: KeyspaceSum, answers: readonly MemberAnswer[]): void {
    const { self, blame, observe } = this.parts;
    if (isComparable(first, second) && first.sum !== second.sum) {
      observe({
        kind: 'ownHashChanged',
        member: self,
        revision: first.hashRevision,
        sums: [first.sum, second.sum],
      });
      blame(self);
      return;
    }
    const ahead = this.thoseAhead(second, answers);
    const sums = new Map<MemberId, number>([[self, first.sum]]);
    for (const { member, answer } of answers) {
      if (ahead.has(member)) continue;
      if (answer.kind === 'sum' && answer.compactedTo === first.compactedTo) sums.set(member, answer.sum);
      else this.leaveOut(member, first, answer);
    }
    judge({ check: 'periodic', of: first, sums, members: answers.length + 1 }, { blame, observe });
  }

  /**
   * Nobody can hold what a leader that knows all that was decided does not hold. Where a majority does, it is the leader
   * whose own count is wrong.
   */
  private thoseAhead(own: KeyspaceSum, answers: readonly MemberAnswer[]): ReadonlySet<MemberId> {
    const { self, blame, observe } = this.parts;
    const ahead = new Set<MemberId>();
    const standing = new Map<MemberId, number>([[self, 0]]);
    for (const { member, answer } of answers) {
      if (answer.kind === 'none') continue;
      const isAhead = answer.revision > own.revision || answer.compactedTo > own.compactedTo;
      standing.set(member, isAhead ? 1 : 0);
      if (!isAhead) continue;
      ahead.add(member);
      observe({
        kind: 'aheadOfLeader',
        member,
        revision: answer.revision,
        compactedTo: answer.compactedTo,
        leaderRevision: own.revision,
        leaderCompactedTo: own.compactedTo,
      });
    }
    blameBy(verdictOf(standing, answers.length + 1), blame);
    return ahead;
  }

  private leaveOut(member: MemberId, of: KeyspaceSum, answer: KeyspaceAnswer): void {
    this.parts.observe({
      kind: 'notCompared',
      check: 'periodic',
      member,
      revision: of.hashRevision,
      why: answer.kind === 'sum' ? 'otherCompaction' : answer.why,
    });
  }
}

function isComparable(a: KeyspaceSum, b: KeyspaceSum): boolean {
  return a.hashRevision === b.hashRevision && a.compactedTo === b.compactedTo;
}
