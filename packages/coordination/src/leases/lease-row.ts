/** The rows of the leases' table. Knows their bytes, not what leases do. */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { type LeaseId, leaseId } from '../machine/values.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

/** The row of what is not one lease's; lease rows have keys of eight bytes, so it cannot meet one. */
export const COUNTERS_ROW_KEY: Uint8Array = Uint8Array.of(0);

export interface LeaseCounters {
  /** The highest epoch whose leader's clock has spoken. */
  readonly clockEpoch: number;
  /** The last checkpoint of that epoch. */
  readonly clockWord: number;
  /** Grants so far. */
  readonly grantNumber: number;
}

export interface LeaseRow {
  readonly ttlSeconds: number;
  /** From the last checkpoint; 0: the full TTL. */
  readonly remainingSeconds: number;
  readonly grantNumber: number;
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
  const writer = new ByteWriter(25);
  writer.u8(ROW_VERSION);
  writer.varint(row.ttlSeconds);
  writer.varint(row.remainingSeconds);
  writer.varint(row.grantNumber);
  return writer.finish();
}

/** @throws MalformedBytes when the bytes are not a row of this version. */
export function decodeLeaseRow(bytes: Uint8Array): LeaseRow {
  const reader = readerOfRow(bytes);
  const row = {
    ttlSeconds: reader.varint(),
    remainingSeconds: reader.varint(),
    grantNumber: reader.varint(),
  };
  reader.end();
  return row;
}

export function encodeCounters(counters: LeaseCounters): Uint8Array {
  const writer = new ByteWriter(25);
  writer.u8(ROW_VERSION);
  writer.varint(counters.clockEpoch);
  writer.varint(counters.clockWord);
  writer.varint(counters.grantNumber);
  return writer.finish();
}

/** @throws MalformedBytes when the bytes are not a row of this version. */
export function decodeCounters(bytes: Uint8Array): LeaseCounters {
  const reader = readerOfRow(bytes);
  const counters = {
    clockEpoch: reader.varint(),
    clockWord: reader.varint(),
    grantNumber: reader.varint(),
  };
  reader.end();
  return counters;
}

function readerOfRow(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`a lease row of version ${version}`);
  return reader;
}
