/**
 * The records inside a frame, as bytes: the core's own (entry, hard state, snapshot) and the journal's (identity,
 * boot, trim). Says nothing about frames, checksums or files.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { unreachable } from '../core/assert.ts';
import type { LogRecord, SnapshotMeta } from '../core/effects.ts';
import type { Entry, EntryKind } from '../core/entry.ts';
import { epoch, logIndex } from '../core/numbers.ts';
import { type JournalIdentity, readIdentity, writeIdentity } from './identity.ts';
import { readSnapshotMeta, writeSnapshotMeta } from './snapshot-meta.ts';

export type JournalRecord =
  | LogRecord
  /** First record of every segment. */
  | { readonly kind: 'identity'; readonly identity: JournalIdentity }
  /** A start of this member; rises by one with each. Durable before that life does anything. */
  | { readonly kind: 'boot'; readonly incarnation: number }
  /**
   * The log begins after this index, and later entries stay as they are. In that it differs from `snapshot`, which
   * drops what came before it.
   */
  | { readonly kind: 'trim'; readonly meta: SnapshotMeta };

/** Record codes: the entries' first, one for each kind of entry. Never reused for something else. */
const ENTRY_CODES: Readonly<Record<EntryKind, number>> = { command: 1, noop: 2, membership: 3 };
const CODE_HARD_STATE = 16;
const CODE_SNAPSHOT = 17;
const CODE_TRIM = 18;
const CODE_IDENTITY = 19;
const CODE_BOOT = 20;

export function writeRecord(writer: ByteWriter, record: JournalRecord): void {
  switch (record.kind) {
    case 'entry':
      writeEntry(writer, record.entry);
      return;
    case 'hardState':
      writer.u8(CODE_HARD_STATE);
      writer.bytes(record.state);
      return;
    case 'snapshot':
      writer.u8(CODE_SNAPSHOT);
      writeSnapshotMeta(writer, record.meta);
      return;
    case 'trim':
      writer.u8(CODE_TRIM);
      writeSnapshotMeta(writer, record.meta);
      return;
    case 'identity':
      writer.u8(CODE_IDENTITY);
      writeIdentity(writer, record.identity);
      return;
    case 'boot':
      writer.u8(CODE_BOOT);
      writer.varint(record.incarnation);
      return;
    default:
      unreachable(record);
  }
}

function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.u8(ENTRY_CODES[entry.kind]);
  writer.varint(entry.index);
  writer.varint(entry.epoch);
  writer.bytes(entry.payload);
}

/**
 * The payload of an entry is a view on the reader's bytes.
 * @throws MalformedBytes
 */
export function readRecord(reader: ByteReader): JournalRecord {
  const code = reader.u8();
  switch (code) {
    case ENTRY_CODES.command:
      return { kind: 'entry', entry: readEntry(reader, 'command') };
    case ENTRY_CODES.noop:
      return { kind: 'entry', entry: readEntry(reader, 'noop') };
    case ENTRY_CODES.membership:
      return { kind: 'entry', entry: readEntry(reader, 'membership') };
    case CODE_HARD_STATE:
      return { kind: 'hardState', state: reader.bytes() };
    case CODE_SNAPSHOT:
      return { kind: 'snapshot', meta: readSnapshotMeta(reader) };
    case CODE_TRIM:
      return { kind: 'trim', meta: readSnapshotMeta(reader) };
    case CODE_IDENTITY:
      return { kind: 'identity', identity: readIdentity(reader) };
    case CODE_BOOT:
      return { kind: 'boot', incarnation: reader.varint() };
    default:
      throw new MalformedBytes(`a record with code ${code}`);
  }
}

function readEntry(reader: ByteReader, kind: EntryKind): Entry {
  return {
    index: logIndex(reader.varint()),
    epoch: epoch(reader.varint()),
    kind,
    payload: reader.bytes(),
  };
}
