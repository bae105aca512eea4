/** Put, range and transactions of puts over a GrpcChannel: what the fault tests write and read with. */
import type { GrpcAnswer, GrpcChannel } from './grpc-channel.ts';
import {
  bytesField,
  decodeFields,
  encodeFields,
  type FieldValue,
  messagesField,
  numberField,
} from './protobuf-fields.ts';

export interface RevisedValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

export interface RangeOptions {
  readonly key: string;
  readonly rangeEnd?: string;
  readonly limit?: number;
  readonly serializable?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeAnswer {
  readonly revision: number;
  readonly count: number;
  readonly values: readonly RevisedValue[];
}

export const PUT = '/etcdserverpb.KV/Put';
export const RANGE = '/etcdserverpb.KV/Range';
export const TXN = '/etcdserverpb.KV/Txn';

export function putRequest(key: string, value: string | Uint8Array): Buffer {
  return encodeFields([
    [1, key],
    [2, value],
  ]);
}

/** A transaction without compares whose success branch is these puts. */
export function putsRequest(puts: readonly (readonly [key: string, value: string | Uint8Array])[]): Buffer {
  return encodeFields(puts.map(([key, value]) => [2, encodeFields([[2, putRequest(key, value)]])]));
}

/** Every answer of these services has its header, with the revision, in field 1. */
export function revisionOf(answer: GrpcAnswer): number {
  if (answer.status !== 0 || answer.message === undefined)
    throw new Error(`the call failed with ${answer.status}: ${answer.text}`);
  return numberField(decodeFields(bytesField(decodeFields(answer.message), 1)), 3);
}

export async function range(channel: GrpcChannel, options: RangeOptions): Promise<RangeAnswer> {
  // What is not asked for is left out: to etcd an empty range_end that is written out means "to the end".
  const fieldsAsked: [number, FieldValue][] = [[1, options.key]];
  if (options.rangeEnd !== undefined) fieldsAsked.push([2, options.rangeEnd]);
  if (options.limit !== undefined) fieldsAsked.push([3, options.limit]);
  if (options.serializable) fieldsAsked.push([7, 1]);
  if (options.countOnly) fieldsAsked.push([9, 1]);
  const request = encodeFields(fieldsAsked);
  const answer = await channel.unary(RANGE, request);
  const revision = revisionOf(answer);
  const fields = decodeFields(answer.message!);
  return {
    revision,
    count: numberField(fields, 4),
    values: messagesField(fields, 2).map((kv) => ({
      key: bytesField(kv, 1).toString(),
      createRevision: numberField(kv, 2),
      modRevision: numberField(kv, 3),
      version: numberField(kv, 4),
      value: bytesField(kv, 5).toString(),
    })),
  };
}

/** The end of a span of all keys with the prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
