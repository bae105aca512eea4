/** The rows of the leases' table. Knows their bytes, not what leases do. */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { type LeaseId, leaseId } from '../machine/values.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

/** The row of the clock's epoch; lease rows have keys of eight bytes, so it sorts before all but cannot meet one. */
export const EPOCH_ROW_KEY: Uint8Array = Uint8Array.of(0);

export interface LeaseRow {
  readonly ttlSeconds: number;
  /** From the last checkpoint; 0: the full TTL. */
  readonly remainingSeconds: number;
}

/** The id's eight bytes, most significant first, so that rows lie in the order of ids. */
export function leaseRowKey(id: LeaseId): Uint8Array {
  const writer = new ByteWriter(8);
  writeHexId(writer, id);
  return writer.finish();
}

export function leaseIdOfRowKey(key: Uint8Array): LeaseId {
  const reader = new ByteReader(key);
  const id = leaseId(readHexId(reader));
  reader.end();
  return id;
}

export function encodeLeaseRow(row: LeaseRow): Uint8Array {
  const writer = new ByteWriter(17);
  writer.u8(ROW_VERSION);
  writer.varint(row.ttlSeconds);
  writer.varint(row.remainingSeconds);
  return writer.finish();
}

/** @throws MalformedBytes when the bytes are not a row of this version. */
export function decodeLeaseRow(bytes: Uint8Array): LeaseRow {
  const reader = readerOfRow(bytes);
  const row = { ttlSeconds: reader.varint(), remainingSeconds: reader.varint() };
  reader.end();
  return row;
}

export function encodeEpochRow(epoch: number): Uint8Array {
  const writer = new ByteWriter(9);
  writer.u8(ROW_VERSION);
  writer.varint(epoch);
  return writer.finish();
}

/** @throws MalformedBytes when the bytes are not a row of this version. */
export function decodeEpochRow(bytes: Uint8Array): number {
  const reader = readerOfRow(bytes);
  const epoch = reader.varint();
  reader.end();
  return epoch;
}

function readerOfRow(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`a lease row of version ${version}`);
  return reader;
}
