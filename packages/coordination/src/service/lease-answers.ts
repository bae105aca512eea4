/** How members ask each other about leases, as bytes. Their version is that of the calls that carry them. */
import { ByteReader, ByteWriter, MalformedBytes } from '@synod/consensus';
import { type LeaseId, leaseId } from '../machine/values.ts';

export type RenewAnswer =
  | { readonly kind: 'renewed'; readonly ttlSeconds: number }
  | { readonly kind: 'notFound' };

export type TimeToLiveAnswer =
  | {
      readonly kind: 'found';
      readonly remainingSeconds: number;
      readonly grantedSeconds: number;
      readonly keys: readonly string[];
    }
  | { readonly kind: 'notFound' };

export interface TimeToLiveQuestion {
  readonly id: LeaseId;
  readonly withKeys: boolean;
}

const NOT_FOUND = 0;
const FOUND = 1;

export function encodeRenewQuestion(id: LeaseId): Uint8Array {
  const writer = new ByteWriter(24);
  writer.latin1(id);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeRenewQuestion(bytes: Uint8Array): LeaseId {
  const reader = new ByteReader(bytes);
  const id = leaseId(reader.latin1());
  reader.end();
  return id;
}

export function encodeRenewAnswer(answer: RenewAnswer): Uint8Array {
  const writer = new ByteWriter(16);
  writer.u8(answer.kind === 'renewed' ? FOUND : NOT_FOUND);
  if (answer.kind === 'renewed') writer.varint(answer.ttlSeconds);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeRenewAnswer(bytes: Uint8Array): RenewAnswer {
  const reader = new ByteReader(bytes);
  const answer: RenewAnswer =
    reader.u8() === FOUND ? { kind: 'renewed', ttlSeconds: reader.varint() } : { kind: 'notFound' };
  reader.end();
  return answer;
}

export function encodeTimeToLiveQuestion(question: TimeToLiveQuestion): Uint8Array {
  const writer = new ByteWriter(24);
  writer.latin1(question.id);
  writer.u8(question.withKeys ? 1 : 0);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeTimeToLiveQuestion(bytes: Uint8Array): TimeToLiveQuestion {
  const reader = new ByteReader(bytes);
  const question = { id: leaseId(reader.latin1()), withKeys: reader.u8() === 1 };
  reader.end();
  return question;
}

export function encodeTimeToLiveAnswer(answer: TimeToLiveAnswer): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(answer.kind === 'found' ? FOUND : NOT_FOUND);
  if (answer.kind === 'found') {
    writer.varint(answer.remainingSeconds);
    writer.varint(answer.grantedSeconds);
    writer.varint(answer.keys.length);
    for (const key of answer.keys) writer.latin1(key);
  }
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeTimeToLiveAnswer(bytes: Uint8Array): TimeToLiveAnswer {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== FOUND) return { kind: 'notFound' };
  const remainingSeconds = reader.varint();
  const grantedSeconds = reader.varint();
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedBytes(`${count} keys in ${reader.remaining} bytes`);
  const keys = Array.from({ length: count }, () => reader.latin1());
  reader.end();
  return { kind: 'found', remainingSeconds, grantedSeconds, keys };
}
