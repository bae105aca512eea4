/**
 * Before a member serves anybody it compares what it holds with the others that can be reached (etcd's initial corruption
 * check). Any other hash at the same revision after the same compaction is a reason not to serve; whoever is silent, lags or
 * was compacted further says nothing.
 */
import type { MemberId } from '@synod/consensus';
import { revision } from '../../machine/values.ts';
import type { CorruptionEvent } from './corruption-event.ts';
import type { KeyspaceHashCalls } from './keyspace-hash-calls.ts';
import type { KeyspaceAnswer, KeyspaceSum } from './keyspace-question.ts';
import { verdictOf } from './verdict.ts';

export interface StartCheckParts {
  readonly self: MemberId;
  readonly hashes: Pick<KeyspaceHashCalls, 'own' | 'ask' | 'others' | 'isConnected'>;
  /** A member that cannot be reached for so long is left out. */
  readonly waitTicks: number;
  readonly observe: (event: CorruptionEvent) => void;
  /** `false`: others hold something else. */
  readonly done: (isSound: boolean) => void;
}

export class StartCheck {
  private readonly parts: StartCheckParts;
  private own: KeyspaceSum | undefined = undefined;
  /** To be asked once there is a connection. */
  private readonly unasked: Set<MemberId>;
  private readonly answers = new Map<MemberId, KeyspaceAnswer>();
  /** Asked, and silent so far. */
  private awaited = 0;
  private ticksLeft: number;
  private isOver = false;

  constructor(parts: StartCheckParts) {
    this.parts = parts;
    this.unasked = new Set(parts.hashes.others());
    this.ticksLeft = parts.waitTicks;
    parts.hashes.own(revision(0), (answer) => {
      if (answer.kind === 'sum') this.own = answer;
      else this.end(true, { kind: 'checkFailed', check: 'start', why: answer.why });
      this.goOn();
    });
  }

  tick(): void {
    this.ticksLeft--;
    this.goOn();
  }

  private goOn(): void {
    const { own } = this;
    if (own === undefined || this.isOver) return;
    for (const member of [...this.unasked]) if (this.parts.hashes.isConnected(member)) this.ask(member, own);
    if (this.ticksLeft <= 0)
      for (const member of this.unasked) this.take(member, { kind: 'none', why: 'silent' });
    if (this.unasked.size === 0 && this.awaited === 0) this.judge(own);
  }

  private ask(member: MemberId, own: KeyspaceSum): void {
    this.unasked.delete(member);
    this.awaited++;
    this.parts.hashes.ask(member, { revision: own.hashRevision, mayBeKept: false }, (answer) => {
      this.awaited--;
      this.take(member, answer);
      this.goOn();
    });
  }

  private take(member: MemberId, answer: KeyspaceAnswer): void {
    this.unasked.delete(member);
    this.answers.set(member, answer);
  }

  private judge(own: KeyspaceSum): void {
    const { self, observe } = this.parts;
    const sums = new Map<MemberId, number>([[self, own.sum]]);
    for (const [member, answer] of this.answers)
      if (answer.kind === 'sum' && answer.compactedTo === own.compactedTo) sums.set(member, answer.sum);
      else
        observe({
          kind: 'notCompared',
          check: 'start',
          member,
          revision: own.hashRevision,
          why: answer.kind === 'sum' ? 'otherCompaction' : answer.why,
        });
    const members = this.answers.size + 1;
    const verdict = verdictOf(sums, members);
    const { hashRevision, compactedTo } = own;
    if (verdict.kind === 'same') {
      this.end(true, {
        kind: 'hashesEqual',
        check: 'start',
        revision: hashRevision,
        compared: sums.size,
        members,
      });
      return;
    }
    this.end(false, {
      kind: 'hashesDiffer',
      check: 'start',
      revision: hashRevision,
      compactedTo,
      sums: [...sums].map(([member, sum]) => ({ member, sum })),
      blamed: verdict.kind === 'differing' ? verdict.members : [],
    });
  }

  private end(isSound: boolean, event: CorruptionEvent): void {
    this.isOver = true;
    this.parts.observe(event);
    this.parts.done(isSound);
  }
}
