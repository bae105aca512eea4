/**
 * Asks whoever leads, wherever that is: here, or at another member. Tries again while there is no leader or it changed,
 * until a deadline in ticks. So only questions may be asked that are harmless when asked twice.
 */
import type { MemberId } from '@synod/consensus';
import { PEER_CALL_TIMEOUT_TICKS } from './limits.ts';
import type { CallOutcome, Method, PeerCalls } from './peer-calls.ts';
import type { ServiceErrorCode } from './service-api.ts';

/** What answers at the leader. `undefined` means: this member does not lead (any more). */
export type LeaderHandler = (question: Uint8Array, answer: (payload: Uint8Array | undefined) => void) => void;

export type LeaderAnswer = (payload: Uint8Array | ServiceErrorCode) => void;

interface OpenQuestion {
  readonly method: Method;
  readonly question: Uint8Array;
  readonly deadlineTick: number;
  readonly answer: LeaderAnswer;
}

/** First byte of an answer between members. */
const AT_LEADER = 1;
const NOT_LEADER = 0;
const NOT_LEADER_ANSWER = new Uint8Array([NOT_LEADER]);

export class LeaderCalls {
  private readonly self: MemberId;
  private readonly calls: PeerCalls;
  private readonly leader: () => MemberId | undefined;
  private readonly handlers = new Map<Method, LeaderHandler>();
  /** Waiting for the next tick to be tried again, in the order of their deadlines. */
  private retries: OpenQuestion[] = [];
  private ticks = 0;
  private stopped = false;

  constructor(self: MemberId, calls: PeerCalls, leader: () => MemberId | undefined) {
    this.self = self;
    this.calls = calls;
    this.leader = leader;
  }

  /** Answers questions of one kind, wherever they come from, while this member leads. */
  serve(method: Method, handler: LeaderHandler): void {
    this.handlers.set(method, handler);
    this.calls.serve(method, (question, answer) => {
      if (this.leader() !== this.self) {
        answer(NOT_LEADER_ANSWER);
        return;
      }
      handler(question, (payload) => answer(payload === undefined ? NOT_LEADER_ANSWER : withPrefix(payload)));
    });
  }

  /** `answer` is called exactly once: with the leader's answer, or with why there is none. */
  ask(method: Method, question: Uint8Array, answer: LeaderAnswer): void {
    this.attempt({ method, question, deadlineTick: this.ticks + PEER_CALL_TIMEOUT_TICKS, answer });
  }

  tick(): void {
    this.ticks++;
    const due = this.retries;
    this.retries = [];
    for (const open of due) {
      if (open.deadlineTick > this.ticks) this.attempt(open);
      else open.answer(this.leader() === undefined ? 'noLeader' : 'timeout');
    }
  }

  /** Ends every question that waits for a leader. */
  stop(): void {
    this.stopped = true;
    for (const open of this.retries.splice(0)) open.answer('stopped');
  }

  private attempt(open: OpenQuestion): void {
    if (this.stopped) {
      open.answer('stopped');
      return;
    }
    const leader = this.leader();
    if (leader === undefined) this.retries.push(open);
    else if (leader === this.self) this.answerHere(open);
    else this.calls.call(leader, open.method, open.question, (outcome) => this.called(open, outcome));
  }

  private answerHere(open: OpenQuestion): void {
    this.handlers.get(open.method)!(open.question, (payload) => {
      if (payload === undefined) this.retries.push(open);
      else open.answer(payload);
    });
  }

  private called(open: OpenQuestion, outcome: CallOutcome): void {
    if (outcome.kind === 'tooManyCalls') open.answer('tooManyRequests');
    else if (outcome.kind === 'timeout') open.answer('timeout');
    else if (outcome.kind === 'answered' && outcome.payload[0] === AT_LEADER)
      open.answer(outcome.payload.subarray(1));
    else this.retries.push(open);
  }
}

function withPrefix(payload: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(payload.length + 1);
  prefixed[0] = AT_LEADER;
  prefixed.set(payload, 1);
  return prefixed;
}
