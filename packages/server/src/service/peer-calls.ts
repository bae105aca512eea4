/**
 * Questions from one member's service to another's, over the transport's call lane: who asks keeps a number, who answers
 * repeats it. Lost bytes show as a timeout. What the questions mean is the caller's business.
 */
import { ByteReader, ByteWriter, type MemberId } from '@synod/consensus';
import { PEER_CALL_TIMEOUT_TICKS, PEER_CALLS_MAX } from './limits.ts';

/** The questions there are. Numbers are part of the peer protocol and never used again for something else. */
export const METHOD = { leaseRenew: 1, leaseTimeToLive: 2 } as const;
export type Method = (typeof METHOD)[keyof typeof METHOD];

export type CallOutcome =
  | { readonly kind: 'answered'; readonly payload: Uint8Array }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'tooManyCalls' }
  | { readonly kind: 'unreachable' };

export type AnswerCall = (payload: Uint8Array) => void;
export type CallHandler = (payload: Uint8Array, answer: AnswerCall) => void;

const FORMAT_VERSION = 1;
const QUESTION = 0;
const ANSWER = 1;
/** 2^32: room for a million starts below 2^53. */
const NUMBERS_A_LIFE = 4_294_967_296;

interface WaitingCall {
  readonly to: MemberId;
  readonly deadlineTick: number;
  readonly done: (outcome: CallOutcome) => void;
}

export class PeerCalls {
  private readonly send: (to: MemberId, bytes: Uint8Array) => void;
  private readonly handlers = new Map<number, CallHandler>();
  /** By number, in the order they were asked, which is the order of their deadlines. */
  private readonly waiting = new Map<number, WaitingCall>();
  /** Rises by one with each question; no life of this member repeats a number of another, so no late answer can pass for a new one. */
  private nextNumber: number;
  private ticks = 0;

  constructor(incarnation: number, send: (to: MemberId, bytes: Uint8Array) => void) {
    this.nextNumber = incarnation * NUMBERS_A_LIFE;
    this.send = send;
  }

  /** Answers questions of one kind. */
  serve(method: Method, handler: CallHandler): void {
    this.handlers.set(method, handler);
  }

  /** Asks; `done` is called exactly once, never before `call` returns unless the limit is reached. */
  call(to: MemberId, method: Method, payload: Uint8Array, done: (outcome: CallOutcome) => void): void {
    if (this.waiting.size >= PEER_CALLS_MAX) {
      done({ kind: 'tooManyCalls' });
      return;
    }
    const number = this.nextNumber++;
    this.waiting.set(number, { to, deadlineTick: this.ticks + PEER_CALL_TIMEOUT_TICKS, done });
    this.send(to, encodeCall(QUESTION, number, method, payload));
  }

  /** @throws MalformedBytes when a peer sent something else than a call. */
  receive(from: MemberId, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    reader.u8();
    const direction = reader.u8();
    const number = reader.varint();
    const method = reader.u8();
    const payload = reader.raw(reader.remaining);
    if (direction === ANSWER) {
      this.settle(number, { kind: 'answered', payload });
      return;
    }
    const handler = this.handlers.get(method);
    handler?.(payload, (answer) => this.send(from, encodeCall(ANSWER, number, method, answer)));
  }

  tick(): void {
    this.ticks++;
    for (const [number, call] of this.waiting) {
      if (call.deadlineTick > this.ticks) return;
      this.settle(number, { kind: 'timeout' });
    }
  }

  /** The link broke: an answer to what was asked over it will not come. */
  peerUnreachable(peer: MemberId): void {
    for (const [number, call] of this.waiting) {
      if (call.to === peer) this.settle(number, { kind: 'unreachable' });
    }
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
