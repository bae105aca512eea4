/**
 * The envelope around the body of a `command` entry: who proposed it, so that a retry is applied at most once (S2)
 * and the waiting request is found. Knows nothing of what the body says.
 */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';

/** First byte of every envelope. A reader that meets another one was given a newer version's entry. */
export const ENVELOPE_VERSION = 1;

/** Version, member id, and three varints of at most eight bytes. */
const ENVELOPE_HEAD_BYTES_MAX = 1 + 8 + 3 * 8;

export interface Envelope {
  /** The member that took the request from its client, as 16 lower-case hex digits. */
  readonly member: string;
  /** The life of that member; rises with every start. */
  readonly incarnation: number;
  /** Rises by one with each proposal of a life, from 1. */
  readonly sequence: number;
  /** Every lower sequence of this life was answered, or given up, and is not retried. */
  readonly oldestPending: number;
  readonly body: Uint8Array;
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const writer = new ByteWriter(ENVELOPE_HEAD_BYTES_MAX + envelope.body.length);
  writer.u8(ENVELOPE_VERSION);
  writeHexId(writer, envelope.member);
  writer.varint(envelope.incarnation);
  writer.varint(envelope.sequence);
  writer.varint(envelope.oldestPending);
  writer.raw(envelope.body);
  return writer.finish();
}

/**
 * `body` is a view on `payload`.
 * @throws MalformedBytes when the payload is not an envelope of this version.
 */
export function decodeEnvelope(payload: Uint8Array): Envelope {
  const reader = new ByteReader(payload);
  const version = reader.u8();
  if (version !== ENVELOPE_VERSION) throw new MalformedBytes(`an envelope of version ${version}`);
  return {
    member: readHexId(reader),
    incarnation: reader.varint(),
    sequence: reader.varint(),
    oldestPending: reader.varint(),
    body: reader.raw(reader.remaining),
  };
}
