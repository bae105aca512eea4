/** Payloads on their way from a follower to the leader: the messages of the `forward` lane. */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';

export const FORWARD_VERSION = 1;

/**
 * A forwarded payload goes no further: its receiver proposes it or drops it. Otherwise two replicas that take each
 * other for the leader would send it to and fro.
 */
export const FORWARD_HOPS_MAX = 1;

export function encodeForward(payloads: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(FORWARD_VERSION);
  writer.u8(FORWARD_HOPS_MAX);
  writer.varint(payloads.length);
  for (const payload of payloads) writer.bytes(payload);
  return writer.finish();
}

/**
 * The payloads are views on `bytes`.
 * @throws MalformedBytes
 */
export function decodeForward(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== FORWARD_VERSION) throw new MalformedBytes(`a forward message of version ${version}`);
  const hops = reader.u8();
  if (hops !== FORWARD_HOPS_MAX) throw new MalformedBytes(`a payload forwarded ${hops} times`);
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedBytes(`${count} payloads in ${reader.remaining} bytes`);
  const payloads: Uint8Array[] = [];
  for (let i = 0; i < count; i++) payloads.push(reader.bytes());
  reader.end();
  return payloads;
}
