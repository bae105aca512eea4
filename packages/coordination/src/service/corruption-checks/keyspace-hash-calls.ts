/**
 * Hashes of the keyspace between members: answers what others ask of this one, and asks all others of one revision. What the
 * answers mean is the checks' business.
 */
import { MalformedBytes, type MemberId } from '@synod/consensus';
import type { Failure } from '../../machine/results.ts';
import type { Revision } from '../../machine/values.ts';
import type { CallOutcome, PeerCalls } from '../peer-calls.ts';
import { METHOD } from '../peer-calls.ts';
import type { KeyspaceHashed, ServiceFailure } from '../service-api.ts';
import type { StateHashes } from '../state-hashes.ts';
import {
  decodeKeyspaceAnswer,
  decodeKeyspaceQuestion,
  encodeKeyspaceAnswer,
  encodeKeyspaceQuestion,
  type KeyspaceAnswer,
  type KeyspaceQuestion,
  type KeyspaceSum,
} from './keyspace-question.ts';

export interface KeyspaceHashCallsParts {
  readonly calls: Pick<PeerCalls, 'serve' | 'call'>;
  readonly hashes: Pick<StateHashes, 'ofKeyspace'>;
  /** The hash that was kept of a compaction at this revision. */
  readonly kept: (revision: Revision) => KeyspaceSum | undefined;
  /** All other members. */
  readonly others: () => readonly MemberId[];
  readonly isConnected: (member: MemberId) => boolean;
  /** A large keyspace takes longer to read than any other question takes to answer. */
  readonly timeoutTicks: number;
}

export interface MemberAnswer {
  readonly member: MemberId;
  readonly answer: KeyspaceAnswer;
}

export class KeyspaceHashCalls {
  private readonly parts: KeyspaceHashCallsParts;

  constructor(parts: KeyspaceHashCallsParts) {
    this.parts = parts;
    parts.calls.serve(METHOD.keyspaceHash, (bytes, answer) => {
      this.answer(decodeKeyspaceQuestion(bytes), (own) => answer(encodeKeyspaceAnswer(own)));
    });
  }

  /** All members but this one. */
  others(): readonly MemberId[] {
    return this.parts.others();
  }

  isConnected(member: MemberId): boolean {
    return this.parts.isConnected(member);
  }

  /** Of this member. */
  own(revision: Revision, done: (answer: KeyspaceAnswer) => void): void {
    this.answer({ revision, mayBeKept: false }, done);
  }

  /** Asks everybody else; calls back once, when each has answered or will not. */
  askOthers(question: KeyspaceQuestion, done: (answers: readonly MemberAnswer[]) => void): void {
    const others = this.others();
    const answers: MemberAnswer[] = [];
    let missing = others.length;
    if (missing === 0) done([]);
    for (const member of others)
      this.ask(member, question, (answer) => {
        answers.push({ member, answer });
        if (--missing === 0) done(answers);
      });
  }

  /** Asks one member; what cannot reach it counts as silence. */
  ask(member: MemberId, question: KeyspaceQuestion, done: (answer: KeyspaceAnswer) => void): void {
    if (!this.isConnected(member)) {
      done({ kind: 'none', why: 'silent' });
      return;
    }
    const bytes = encodeKeyspaceQuestion(question);
    const { timeoutTicks } = this.parts;
    this.parts.calls.call(
      member,
      METHOD.keyspaceHash,
      bytes,
      (outcome) => done(answerIn(outcome)),
      timeoutTicks,
    );
  }

  private answer(question: KeyspaceQuestion, done: (answer: KeyspaceAnswer) => void): void {
    const kept = question.mayBeKept ? this.parts.kept(question.revision) : undefined;
    if (kept !== undefined) done(kept);
    else this.parts.hashes.ofKeyspace(question.revision, { complete: (result) => done(answerOf(result)) });
  }
}

function answerOf(result: KeyspaceHashed | Failure | ServiceFailure): KeyspaceAnswer {
  switch (result.kind) {
    case 'keyspaceHashed': {
      const { sum, compactedTo, hashRevision, revision } = result;
      return { kind: 'sum', sum, compactedTo, hashRevision, revision };
    }
    case 'failure':
      return {
        kind: 'none',
        why: result.reason.code === 'revisionInFuture' ? 'future' : 'compacted',
      };
    case 'serviceFailure':
      return { kind: 'none', why: 'busy' };
  }
}

/** An answer that cannot be read is none. */
function answerIn(outcome: CallOutcome): KeyspaceAnswer {
  if (outcome.kind !== 'answered') return { kind: 'none', why: 'silent' };
  try {
    return decodeKeyspaceAnswer(outcome.payload);
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return { kind: 'none', why: 'silent' };
  }
}
