/**
 * The requests of a benchmark, encoded once and sent again and again, so that making them costs the load process
 * nothing while it measures. Field numbers are etcd's.
 */
import { KEY_COUNT } from './limits.ts';
import type { Operation } from './load-job.ts';

const KEY_DIGITS = 8;

/** The gRPC path of each operation. */
export const PATHS: Readonly<Record<Operation, string>> = {
  put: '/etcdserverpb.KV/Put',
  'range-linearizable': '/etcdserverpb.KV/Range',
  'range-serializable': '/etcdserverpb.KV/Range',
};

export type RequestMessages = Readonly<Record<Operation, readonly Uint8Array[]>>;

/** One message a key and operation. */
export function encodeRequests(valueBytes: number): RequestMessages {
  const keys = Array.from({ length: KEY_COUNT }, (_, at) => `bench/${String(at).padStart(KEY_DIGITS, '0')}`);
  return {
    put: keys.map((key, at) =>
      Buffer.concat([bytesField(1, key), bytesField(2, valueOfKey(at, valueBytes))]),
    ),
    'range-linearizable': keys.map((key) => bytesField(1, key)),
    // RangeRequest.serializable, field 7, true.
    'range-serializable': keys.map((key) => Buffer.concat([bytesField(1, key), Uint8Array.of(0x38, 1)])),
  };
}

/** Printable and not the same for two keys; what it is matters to nobody. */
function valueOfKey(at: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `value of key ${at}, `);
}

function bytesField(fieldNumber: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
  length.push(rest);
  return Buffer.concat([Uint8Array.of(fieldNumber * 8 + 2), Uint8Array.from(length), bytes]);
}
