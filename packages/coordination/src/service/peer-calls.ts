/**
 * Questions from one member's service to another's, over the transport's call lane: who asks keeps a number, who answers
 * repeats it. Lost bytes show as a timeout. What the questions mean is the caller's business.
 */
import { ByteReader, ByteWriter, MalformedBytes, type MemberId } from '@synod/consensus';
import { PEER_CALLS_MAX } from './limits.ts';

/** The questions there are. Numbers are part of the peer protocol and never used again for something else. */
export const METHOD = { leaseRenew: 1, leaseTimeToLive: 2, learnerReadiness: 3, keyspaceHash: 5 } as const;
export type Method = (typeof METHOD)[keyof typeof METHOD];

export type CallOutcome =
  | { readonly kind: 'answered'; readonly payload: Uint8Array }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'tooManyCalls' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'stopped' };

export type AnswerCall = (payload: Uint8Array) => void;
/** @throws MalformedBytes, before it returns, when the question is none. */
export type CallHandler = (payload: Uint8Array, answer: AnswerCall) => void;

const FORMAT_VERSION = 1;
const QUESTION = 0;
const ANSWER = 1;
/** 2^32: room for a million starts below 2^53. */
const NUMBERS_A_LIFE = 4_294_967_296;

interface WaitingCall {
  readonly to: MemberId;
  readonly deadlineTick: number;
  /** Waits longer than others: its deadline is out of their order. */
  readonly isPatient: boolean;
  readonly done: (outcome: CallOutcome) => void;
}

export interface PeerCallsOptions {
  /** Of this member: rises with every start. */
  readonly incarnation: number;
  /** A question without an answer is given up after so long. */
  readonly timeoutTicks: number;
  readonly send: (to: MemberId, bytes: Uint8Array) => void;
}

export class PeerCalls {
  private readonly options: PeerCallsOptions;
  private readonly handlers = new Map<number, CallHandler>();
  /** By number, in the order they were asked, which is the order of their deadlines but for the patient ones. */
  private readonly waiting = new Map<number, WaitingCall>();
  /**
   * Rises by one with each question; no life of this member repeats a number of another, so no late answer can pass for
   * a new one.
   */
  private nextNumber: number;
  private ticks = 0;
  private stopped = false;

  constructor(options: PeerCallsOptions) {
    this.options = options;
    this.nextNumber = options.incarnation * NUMBERS_A_LIFE;
  }

  /** Answers questions of one kind. */
  serve(method: Method, handler: CallHandler): void {
    this.handlers.set(method, handler);
  }

  /**
   * Asks; `done` is called exactly once, before this returns only when nothing was sent. `timeoutTicks`: for a question that
   * takes longer to answer than others; there are never many of them.
   */
  call(
    to: MemberId,
    method: Method,
    payload: Uint8Array,
    done: (outcome: CallOutcome) => void,
    timeoutTicks?: number,
  ): void {
    if (this.stopped || this.waiting.size >= PEER_CALLS_MAX) {
      done({ kind: this.stopped ? 'stopped' : 'tooManyCalls' });
      return;
    }
    const number = this.nextNumber++;
    const deadlineTick = this.ticks + (timeoutTicks ?? this.options.timeoutTicks);
    this.waiting.set(number, { to, deadlineTick, isPatient: timeoutTicks !== undefined, done });
    this.options.send(to, encodeCall(QUESTION, number, method, payload));
  }

  /** @throws MalformedBytes when a peer sent something else than a call. */
  receive(from: MemberId, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== FORMAT_VERSION) throw new MalformedBytes(`a call of version ${version}`);
    const direction = reader.u8();
    const number = reader.varint();
    const method = reader.u8();
    const payload = reader.raw(reader.remaining);
    if (direction === ANSWER) {
      // Only who was asked may answer.
      if (this.waiting.get(number)?.to === from) this.settle(number, { kind: 'answered', payload });
    } else if (direction === QUESTION) {
      const handler = this.handlers.get(method);
      handler?.(payload, (answer) => this.options.send(from, encodeCall(ANSWER, number, method, answer)));
    } else throw new MalformedBytes(`a call in direction ${direction}`);
  }

  tick(): void {
    this.ticks++;
    for (const [number, call] of this.waiting) {
      if (call.deadlineTick > this.ticks) {
        if (call.isPatient) continue;
        return;
      }
      this.settle(number, { kind: 'timeout' });
    }
  }

  /** The link broke, or nobody needs to know any more: an answer to what was asked over it is not waited for. */
  abandon(peer: MemberId): void {
    for (const [number, call] of this.waiting) {
      if (call.to === peer) this.settle(number, { kind: 'unreachable' });
    }
  }

  /** Ends every question. */
  stop(): void {
    this.stopped = true;
    for (const number of [...this.waiting.keys()]) this.settle(number, { kind: 'stopped' });
  }

  private settle(number: number, outcome: CallOutcome): void {
    const call = this.waiting.get(number);
    if (call === undefined) return;
    this.waiting.delete(number);
    call.done(outcome);
  }
}

function encodeCall(direction: number, number: number, method: number, payload: Uint8Array): Uint8Array {
  const writer = new ByteWriter(payload.length + 12);
  writer.u8(FORMAT_VERSION);
  writer.u8(direction);
  writer.varint(number);
  writer.u8(method);
  writer.raw(payload);
  return writer.finish();
}
