/**
 * The parts that the messages and hard states of both protocols are made of, as bytes. Reading is strict, since the
 * bytes come from a network: what cannot be, is malformed. Knows no protocol and no message.
 */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { quorumIsSafe, quorumOf } from '../quorum/flexible.ts';
import type { SnapshotMeta } from './effects.ts';
import type { Entry, EntryKind } from './entry.ts';
import type { Membership } from './membership.ts';
import { decodeMembership, encodeMembership } from './membership-codec.ts';
import { type Epoch, epoch, type LogIndex, logIndex, type MemberId, memberId } from './numbers.ts';

/** Kinds of entries as numbers. Never reused for something else. */
const ENTRY_KIND_CODES: Readonly<Record<EntryKind, number>> = { command: 0, noop: 1, membership: 2 };

/** By code. */
const ENTRY_KINDS: readonly EntryKind[] = ['command', 'noop', 'membership'];

/** What `writeValue` needs at the least: a kind, and the length of the payload. */
export const VALUE_BYTES_MIN = 2;

export function readIndex(reader: ByteReader): LogIndex {
  return logIndex(reader.varint());
}

export function readEpoch(reader: ByteReader): Epoch {
  return epoch(reader.varint());
}

/** A count of things of at least so many bytes each: one that cannot be true must not allocate. */
export function readCount(reader: ByteReader, bytesEach: number): number {
  const count = reader.varint();
  if (count * bytesEach > reader.remaining)
    throw new MalformedBytes(`${count} of something in too few bytes`);
  return count;
}

export function writeFlag(writer: ByteWriter, value: boolean): void {
  writer.u8(value ? 1 : 0);
}

export function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new MalformedBytes(`${value} where 0 or 1 is a flag`);
  return value === 1;
}

/** A member, or nobody. */
export function writeMember(writer: ByteWriter, id: MemberId | undefined): void {
  writeFlag(writer, id !== undefined);
  if (id !== undefined) writeHexId(writer, id);
}

export function readMember(reader: ByteReader): MemberId | undefined {
  return readFlag(reader) ? memberId(readHexId(reader)) : undefined;
}

/** An entry without its place: where it stands and whose it is, each message says in its own way. */
export function writeValue(writer: ByteWriter, { kind, payload }: Pick<Entry, 'kind' | 'payload'>): void {
  writer.u8(ENTRY_KIND_CODES[kind]);
  writer.bytes(payload);
}

/** The kind of an entry; its payload follows (`readPayload`). Two calls, so that no object is made for a value. */
export function readEntryKind(reader: ByteReader): EntryKind {
  const kind = ENTRY_KINDS[reader.u8()];
  if (kind === undefined) throw new MalformedBytes('an entry of an unknown kind');
  return kind;
}

/** A view on the bytes that were received. */
export function readPayload(reader: ByteReader, kind: EntryKind): Uint8Array {
  const payload = reader.bytes();
  if (kind === 'membership') readMembership(payload);
  return payload;
}

export function writeSnapshotMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer.varint(meta.index);
  writer.varint(meta.epoch);
  writer.bytes(encodeMembership(meta.membership));
}

export function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  return {
    index: readIndex(reader),
    epoch: readEpoch(reader),
    membership: readMembership(reader.bytes()),
  };
}

/** One whose quorums could miss each other must not come into force, whoever sent it (P12). */
function readMembership(bytes: Uint8Array): Membership {
  const membership = decodeMembership(bytes);
  if (!quorumIsSafe(membership.voters.length, quorumOf(membership)))
    throw new MalformedBytes('a membership whose quorums can miss each other');
  return membership;
}
