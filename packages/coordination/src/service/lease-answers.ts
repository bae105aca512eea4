/** How members ask each other about leases, as bytes. Their version is that of the calls that carry them. */
import { ByteReader, ByteWriter, MalformedBytes } from '@synod/consensus';
import { type Caller, readCaller, writeCaller } from '../auth/caller.ts';
import type { Refusal } from '../auth/rights.ts';
import { byBytes, type Key, type LeaseId, leaseId } from '../machine/values.ts';
import { sortedInSteps } from '../order/sorted-runs.ts';
import type { KeyList } from './service-api.ts';

export type RenewAnswer =
  | LeaseQuestionRefused
  | { readonly kind: 'renewed'; readonly ttlSeconds: number }
  | { readonly kind: 'notFound' };

export type TimeToLiveAnswer =
  | LeaseQuestionRefused
  | {
      readonly kind: 'found';
      readonly remainingSeconds: number;
      readonly grantedSeconds: number;
      readonly keys: KeyList;
    }
  | { readonly kind: 'notFound' };

/** The leader decides what a caller may ask: it alone is sure to know every key of the lease. */
export interface LeaseQuestionRefused {
  readonly kind: 'refused';
  readonly reason: Refusal;
}

export interface RenewQuestion {
  readonly id: LeaseId;
  readonly caller: Caller | undefined;
}

export interface TimeToLiveQuestion {
  readonly id: LeaseId;
  readonly withKeys: boolean;
  readonly caller: Caller | undefined;
}

/** Keys written between two rests: about a millisecond's. */
const KEYS_A_STEP = 4_096;

const NOT_FOUND = 0;
const FOUND = 1;
const REFUSED = 2;

/** Numbers are part of the peer protocol. */
const REFUSALS: readonly Refusal['code'][] = [
  'userEmpty',
  'permissionDenied',
  'authRevisionOld',
  'userNotFound',
];

function writeRefusal(writer: ByteWriter, { reason }: LeaseQuestionRefused): void {
  writer.u8(REFUSALS.indexOf(reason.code));
}

function readRefusal(reader: ByteReader): LeaseQuestionRefused {
  const code = REFUSALS[reader.u8()];
  if (code === undefined) throw new MalformedBytes('a refusal of an unknown kind');
  reader.end();
  return { kind: 'refused', reason: { code } };
}

function writeMaybeCaller(writer: ByteWriter, caller: Caller | undefined): void {
  if (caller !== undefined) writeCaller(writer, caller);
}

function readMaybeCaller(reader: ByteReader): Caller | undefined {
  return reader.remaining === 0 ? undefined : readCaller(reader);
}

export function encodeRenewQuestion({ id, caller }: RenewQuestion): Uint8Array {
  const writer = new ByteWriter(24);
  writer.latin1(id);
  writeMaybeCaller(writer, caller);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeRenewQuestion(bytes: Uint8Array): RenewQuestion {
  const reader = new ByteReader(bytes);
  const question = { id: leaseId(reader.latin1()), caller: readMaybeCaller(reader) };
  reader.end();
  return question;
}

export function encodeRenewAnswer(answer: RenewAnswer): Uint8Array {
  const writer = new ByteWriter(16);
  writer.u8(answer.kind === 'renewed' ? FOUND : answer.kind === 'refused' ? REFUSED : NOT_FOUND);
  if (answer.kind === 'refused') writeRefusal(writer, answer);
  if (answer.kind === 'renewed') writer.varint(answer.ttlSeconds);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeRenewAnswer(bytes: Uint8Array): RenewAnswer {
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  if (kind === REFUSED) return readRefusal(reader);
  const answer: RenewAnswer =
    kind === FOUND ? { kind: 'renewed', ttlSeconds: reader.varint() } : { kind: 'notFound' };
  reader.end();
  return answer;
}

export function encodeTimeToLiveQuestion(question: TimeToLiveQuestion): Uint8Array {
  const writer = new ByteWriter(24);
  writer.latin1(question.id);
  writer.u8(question.withKeys ? 1 : 0);
  writeMaybeCaller(writer, question.caller);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeTimeToLiveQuestion(bytes: Uint8Array): TimeToLiveQuestion {
  const reader = new ByteReader(bytes);
  const question = {
    id: leaseId(reader.latin1()),
    withKeys: reader.u8() === 1,
    caller: readMaybeCaller(reader),
  };
  reader.end();
  return question;
}

/** That there is nothing to tell. */
export function encodeNoTimeToLive(
  answer: Exclude<TimeToLiveAnswer, { readonly kind: 'found' }>,
): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(answer.kind === 'refused' ? REFUSED : NOT_FOUND);
  if (answer.kind === 'refused') writeRefusal(writer, answer);
  return writer.finish();
}

/** What was found, of a lease whose keys may be very many and in no order. Yields where others may have their turn. */
export function* timeToLiveAnswerInSteps(
  facts: { readonly remainingSeconds: number; readonly grantedSeconds: number },
  keys: readonly Key[],
): Generator<void, Uint8Array> {
  const writer = new ByteWriter();
  writer.u8(FOUND);
  writer.varint(facts.remainingSeconds);
  writer.varint(facts.grantedSeconds);
  writer.varint(keys.length);
  let written = 0;
  for (const key of yield* sortedInSteps(keys, byBytes)) {
    writer.latin1(key);
    if (++written % KEYS_A_STEP === 0) yield;
  }
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeTimeToLiveAnswer(bytes: Uint8Array): TimeToLiveAnswer {
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  if (kind === REFUSED) return readRefusal(reader);
  if (kind !== FOUND) return { kind: 'notFound' };
  const remainingSeconds = reader.varint();
  const grantedSeconds = reader.varint();
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedBytes(`${count} keys in ${reader.remaining} bytes`);
  const start = bytes.length - reader.remaining;
  for (let left = count; left > 0; left--) reader.skipBytes();
  reader.end();
  return { kind: 'found', remainingSeconds, grantedSeconds, keys: new EncodedKeys(bytes, start, count) };
}

/** Keys as they came: they are read when they are needed, a few at a time. */
class EncodedKeys implements KeyList {
  readonly length: number;
  private readonly bytes: Uint8Array;
  private readonly start: number;

  /** Of bytes that were found to hold so many keys from `start` on. */
  constructor(bytes: Uint8Array, start: number, length: number) {
    this.bytes = bytes;
    this.start = start;
    this.length = length;
  }

  *[Symbol.iterator](): Generator<string> {
    const reader = new ByteReader(this.bytes.subarray(this.start));
    while (reader.remaining > 0) yield reader.latin1();
  }
}
