/**
 * The rows of the revisions' table: one for each change of a key, keyed by its revision, never changed once written.
 * A row's value leaves a slot for what the vocabularies of later protocols add to a record.
 */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import {
  type Key,
  type KeyRecord,
  key,
  type LeaseId,
  leaseId,
  NO_LEASE,
  type Revision,
  revision,
} from '../machine/values.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

const FLAG_TOMBSTONE = 1;
const FLAG_LEASE = 2;
/** A length and so many bytes follow that this version passes over. */
const FLAG_EXTENSION = 4;

/** Where a change stands: the revision, and its place among the changes of that revision. */
export interface RowPlace {
  readonly revision: Revision;
  /** From 0. */
  readonly sub: number;
}

export const ROW_KEY_BYTES = 12;
const HIGH = 4_294_967_296;

/** Eight bytes of revision and four of sub-revision, most significant first: byte order is revision order. */
export function rowKey(rowRevision: number, sub: number): Uint8Array {
  const bytes = new Uint8Array(ROW_KEY_BYTES);
  const high = Math.floor(rowRevision / HIGH);
  const low = rowRevision % HIGH;
  writeBigEndian(bytes, 0, high);
  writeBigEndian(bytes, 4, low);
  writeBigEndian(bytes, 8, sub);
  return bytes;
}

function writeBigEndian(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

function readBigEndian(bytes: Uint8Array, offset: number): number {
  return (
    bytes[offset]! * 0x1000000 + (bytes[offset + 1]! << 16) + (bytes[offset + 2]! << 8) + bytes[offset + 3]!
  );
}

export function placeOfRowKey(bytes: Uint8Array): RowPlace {
  if (bytes.length !== ROW_KEY_BYTES) throw new MalformedBytes(`a row key of ${bytes.length} bytes`);
  return {
    revision: revision(readBigEndian(bytes, 0) * HIGH + readBigEndian(bytes, 4)),
    sub: readBigEndian(bytes, 8),
  };
}

export interface NewRecord {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly version: number;
  readonly lease: LeaseId;
}

export function encodeRecordRow(record: NewRecord): Uint8Array {
  const hasLease = record.lease !== NO_LEASE;
  const writer = new ByteWriter(record.key.length + record.value.length + 32);
  writer.u8(ROW_VERSION);
  writer.u8(hasLease ? FLAG_LEASE : 0);
  writer.latin1(record.key);
  writer.varint(record.createRevision);
  writer.varint(record.version);
  if (hasLease) writeHexId(writer, record.lease);
  writer.raw(record.value);
  return writer.finish();
}

export function encodeTombstoneRow(deleted: Key): Uint8Array {
  const writer = new ByteWriter(deleted.length + 10);
  writer.u8(ROW_VERSION);
  writer.u8(FLAG_TOMBSTONE);
  writer.latin1(deleted);
  return writer.finish();
}

/** A row as read. `version` 0 marks a tombstone, which has a key and a place and nothing else. */
export type Row = KeyRecord;

const NO_BYTES = new Uint8Array(0);

/**
 * The value is a view on `bytes`.
 * @throws MalformedBytes when the bytes are not a row of this version.
 */
export function decodeRow(rowRevision: Revision, bytes: Uint8Array): Row {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`a row of version ${version}`);
  const flags = reader.u8();
  const rowOf = key(reader.latin1());
  if ((flags & FLAG_TOMBSTONE) !== 0) return tombstone(rowOf, rowRevision);
  const createRevision = revision(reader.varint());
  const keyVersion = reader.varint();
  const lease = (flags & FLAG_LEASE) !== 0 ? leaseId(readHexId(reader)) : NO_LEASE;
  if ((flags & FLAG_EXTENSION) !== 0) reader.bytes();
  const value = reader.raw(reader.remaining);
  return { key: rowOf, value, createRevision, modRevision: rowRevision, version: keyVersion, lease };
}

export function tombstone(deleted: Key, deletedAt: Revision): Row {
  return {
    key: deleted,
    value: NO_BYTES,
    createRevision: revision(0),
    modRevision: deletedAt,
    version: 0,
    lease: NO_LEASE,
  };
}
