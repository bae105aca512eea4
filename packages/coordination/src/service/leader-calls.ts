/**
 * Asks whoever leads, wherever that is: here, or at another member. Asks again when the leader changed, is not known or
 * stays silent, until a deadline in ticks. So only questions may be asked that are harmless when asked twice.
 */
import { MalformedBytes, type MemberId, unreachable } from '@synod/consensus';
import type { CallOutcome, Method, PeerCalls } from './peer-calls.ts';
import type { ServiceErrorCode } from './service-api.ts';

/**
 * What answers at the leader, in two steps so that bytes that are no question are found while their sender is known:
 * first the question is read, which may throw MalformedBytes, then it is answered. `undefined` means: this member does
 * not lead (any more).
 */
export interface LeaderHandler<Question> {
  read(bytes: Uint8Array): Question;
  answer(question: Question, answer: (payload: Uint8Array | undefined) => void): void;
}

export type LeaderAnswer<Answer> = (answer: Answer | ServiceErrorCode) => void;

interface OpenQuestion {
  readonly method: Method;
  readonly question: Uint8Array;
  readonly deadlineTick: number;
  /** Reads the leader's answer; what it returns then ends the question. @throws MalformedBytes */
  readonly read: (payload: Uint8Array) => () => void;
  readonly fail: (code: ServiceErrorCode) => void;
}

export interface LeaderCallsOptions {
  readonly self: MemberId;
  readonly calls: PeerCalls;
  readonly leader: () => MemberId | undefined;
  /** A question is given up after so long, however often it was asked. */
  readonly timeoutTicks: number;
}

/** First byte of an answer between members. */
const AT_LEADER = 1;
const NOT_LEADER = 0;
const NOT_LEADER_ANSWER = new Uint8Array([NOT_LEADER]);

export class LeaderCalls {
  private readonly options: LeaderCallsOptions;
  private readonly handlers = new Map<
    Method,
    (question: Uint8Array, answer: (payload: Uint8Array | undefined) => void) => void
  >();
  /** To be asked again at the next tick, or when a leader is known. */
  private retries: OpenQuestion[] = [];
  private ticks = 0;
  private stopped = false;

  constructor(options: LeaderCallsOptions) {
    this.options = options;
  }

  /** Answers questions of one kind, wherever they come from, while this member leads. */
  serve<Question>(method: Method, handler: LeaderHandler<Question>): void {
    const answerHere = (bytes: Uint8Array, answer: (payload: Uint8Array | undefined) => void): void =>
      handler.answer(handler.read(bytes), answer);
    this.handlers.set(method, answerHere);
    this.options.calls.serve(method, (question, answer) => {
      if (this.options.leader() !== this.options.self) {
        answer(NOT_LEADER_ANSWER);
        return;
      }
      answerHere(question, (payload) =>
        answer(payload === undefined ? NOT_LEADER_ANSWER : withPrefix(payload)),
      );
    });
  }

  /**
   * `done` is called exactly once: with the leader's answer, or with why there is none.
   * @param read an answer's bytes; may throw MalformedBytes
   */
  ask<Answer>(
    method: Method,
    question: Uint8Array,
    read: (payload: Uint8Array) => Answer,
    done: LeaderAnswer<Answer>,
  ): void {
    this.attempt({
      method,
      question,
      deadlineTick: this.ticks + this.options.timeoutTicks,
      read: (payload) => {
        const answer = read(payload);
        return () => done(answer);
      },
      fail: done,
    });
  }

  tick(): void {
    this.ticks++;
    this.retry();
  }

  /** Whom this member takes for the leader changed: what waits for one is asked now. */
  leaderChanged(): void {
    if (this.options.leader() !== undefined) this.retry();
  }

  /** Ends every question. */
  stop(): void {
    this.stopped = true;
    for (const open of this.retries.splice(0)) open.fail('stopped');
    this.options.calls.stop();
  }

  private retry(): void {
    const due = this.retries;
    this.retries = [];
    for (const open of due) {
      if (open.deadlineTick > this.ticks) this.attempt(open);
      else open.fail(this.options.leader() === undefined ? 'noLeader' : 'timeout');
    }
  }

  private attempt(open: OpenQuestion): void {
    if (this.stopped) {
      open.fail('stopped');
      return;
    }
    const leader = this.options.leader();
    if (leader === undefined) this.retries.push(open);
    else if (leader === this.options.self) this.answerHere(open);
    else this.options.calls.call(leader, open.method, open.question, (outcome) => this.called(open, outcome));
  }

  private answerHere(open: OpenQuestion): void {
    this.handlers.get(open.method)!(open.question, (payload) => {
      if (payload === undefined) this.askAgain(open);
      else open.read(payload)();
    });
  }

  private called(open: OpenQuestion, outcome: CallOutcome): void {
    switch (outcome.kind) {
      case 'tooManyCalls':
        open.fail('tooManyRequests');
        return;
      case 'stopped':
        open.fail('stopped');
        return;
      case 'timeout':
      case 'unreachable':
        this.askAgain(open);
        return;
      case 'answered':
        if (outcome.payload[0] === AT_LEADER) this.takeAnswer(open, outcome.payload.subarray(1));
        else this.askAgain(open);
        return;
      default:
        unreachable(outcome);
    }
  }

  private takeAnswer(open: OpenQuestion, payload: Uint8Array): void {
    let end: () => void;
    try {
      end = open.read(payload);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      // An answer that cannot be read is none.
      this.askAgain(open);
      return;
    }
    end();
  }

  private askAgain(open: OpenQuestion): void {
    if (this.stopped) open.fail('stopped');
    else this.retries.push(open);
  }
}

function withPrefix(payload: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(payload.length + 1);
  prefixed[0] = AT_LEADER;
  prefixed.set(payload, 1);
  return prefixed;
}
