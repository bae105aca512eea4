/**
 * Raft's messages as bytes: version, group, kind, term, then what the kind has. Decoding is strict, since the bytes
 * come from a network; payloads are views on what was received, without a copy. Decides nothing.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { unreachable } from '../core/assert.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import { type Entry, entryBytes } from '../core/entry.ts';
import { ENTRY_KIND_CODES, ENTRY_KINDS } from '../core/entry-kind-codes.ts';
import { decodeMembership, encodeMembership } from '../core/membership-codec.ts';
import type { MessageCodec, PeerMessage } from '../core/messages.ts';
import { type Epoch, epoch, GROUP_ZERO, type LogIndex, logIndex } from '../core/numbers.ts';
import type { LogPosition } from './log.ts';
import type { RaftMessage, RaftMessageKind } from './messages.ts';

export const RAFT_MESSAGE_VERSION = 1;

/** Room for everything in a message beside its entries. */
const MESSAGE_HEAD_BYTES = 64;

const KIND_CODES: Readonly<Record<RaftMessageKind, number>> = {
  preVoteRequest: 1,
  preVoteResponse: 2,
  voteRequest: 3,
  voteResponse: 4,
  append: 5,
  appendResponse: 6,
  appendRejected: 7,
  heartbeat: 8,
  heartbeatResponse: 9,
  commitNotice: 10,
  installSnapshot: 11,
  timeoutNow: 12,
  readRequest: 13,
  readResponse: 14,
  newerTerm: 15,
  pullRequest: 16,
  pullResponse: 17,
  pullSnapshot: 18,
};

const KIND_OF_CODE: ReadonlyMap<number, RaftMessageKind> = new Map(
  (Object.keys(KIND_CODES) as RaftMessageKind[]).map((kind) => [KIND_CODES[kind], kind]),
);

/** A codec of its own a core: it keeps the bytes of the newest append, which goes to several followers alike. */
export function createRaftCodec(): MessageCodec {
  let newest: { readonly message: PeerMessage; readonly bytes: Uint8Array } | undefined;
  return {
    encode(message) {
      if (newest?.message === message) return newest.bytes;
      const bytes = encodeMessage(message as RaftMessage);
      newest = { message, bytes };
      return bytes;
    },
    decode: decodeMessage,
  };
}

function encodeMessage(message: RaftMessage): Uint8Array {
  const writer = new ByteWriter(sizeBound(message));
  writer.u8(RAFT_MESSAGE_VERSION);
  writer.varint(GROUP_ZERO);
  writer.u8(KIND_CODES[message.kind]);
  writer.varint(message.term);
  writeBody(writer, message);
  return writer.finish();
}

function sizeBound(message: RaftMessage): number {
  let bytes = MESSAGE_HEAD_BYTES;
  if (message.kind === 'append' || message.kind === 'pullResponse')
    for (const entry of message.entries) bytes += entryBytes(entry);
  return bytes;
}

function writeBody(writer: ByteWriter, message: RaftMessage): void {
  switch (message.kind) {
    case 'preVoteRequest':
      writer.varint(message.campaign);
      writer.varint(message.lastIndex);
      writer.varint(message.lastEpoch);
      return;
    case 'preVoteResponse':
      writer.varint(message.campaign);
      writeFlag(writer, message.granted);
      writeFresherLog(writer, message.fresherLog);
      return;
    case 'voteRequest':
      writer.varint(message.lastIndex);
      writer.varint(message.lastEpoch);
      writeFlag(writer, message.transfer);
      return;
    case 'voteResponse':
      writeFlag(writer, message.granted);
      writeFresherLog(writer, message.fresherLog);
      return;
    case 'pullRequest':
      writer.varint(message.pull);
      writer.varint(message.prevIndex);
      writer.varint(message.prevEpoch);
      return;
    case 'pullResponse':
      writer.varint(message.pull);
      writer.varint(message.lastIndex);
      writer.varint(message.lastEpoch);
      writeEntries(writer, message);
      return;
    case 'append':
      writer.varint(message.commitIndex);
      writeEntries(writer, message);
      return;
    case 'appendResponse':
      writer.varint(message.matchIndex);
      return;
    case 'appendRejected':
      writer.varint(message.rejectedIndex);
      writer.varint(message.hintIndex);
      writer.varint(message.hintEpoch);
      return;
    case 'heartbeat':
      writer.varint(message.commitIndex);
      writer.varint(message.readRound);
      return;
    case 'heartbeatResponse':
      writer.varint(message.readRound);
      return;
    case 'commitNotice':
      writer.varint(message.commitIndex);
      return;
    case 'installSnapshot':
    case 'pullSnapshot':
      writeMeta(writer, message.meta);
      return;
    case 'timeoutNow':
    case 'newerTerm':
      return;
    case 'readRequest':
      writer.varint(message.life);
      writer.varint(message.request);
      return;
    case 'readResponse':
      writer.varint(message.life);
      writer.varint(message.request);
      writer.varint(message.readIndex);
      return;
    default:
      unreachable(message);
  }
}

/** @throws MalformedBytes */
function decodeMessage(bytes: Uint8Array): RaftMessage {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== RAFT_MESSAGE_VERSION) throw new MalformedBytes(`a Raft message of version ${version}`);
  const group = reader.varint();
  if (group !== GROUP_ZERO) throw new MalformedBytes(`a message for group ${group}, which is not here`);
  const code = reader.u8();
  const kind = KIND_OF_CODE.get(code);
  if (kind === undefined) throw new MalformedBytes(`a Raft message of kind ${code}`);
  const message = readBody(reader, kind, epoch(reader.varint()));
  reader.end();
  return message;
}

function readBody(reader: ByteReader, kind: RaftMessageKind, term: Epoch): RaftMessage {
  switch (kind) {
    case 'preVoteRequest':
      return { kind, term, campaign: reader.varint(), ...readLast(reader) };
    case 'preVoteResponse':
      return {
        kind,
        term,
        campaign: reader.varint(),
        granted: readFlag(reader),
        fresherLog: readFresherLog(reader),
      };
    case 'voteRequest':
      return { kind, term, ...readLast(reader), transfer: readFlag(reader) };
    case 'voteResponse':
      return { kind, term, granted: readFlag(reader), fresherLog: readFresherLog(reader) };
    case 'pullRequest':
      return {
        kind,
        term,
        pull: reader.varint(),
        prevIndex: readIndex(reader),
        prevEpoch: epoch(reader.varint()),
      };
    case 'pullResponse':
      return { kind, term, pull: reader.varint(), ...readLast(reader), ...readEntries(reader, term) };
    case 'append':
      return { kind, term, commitIndex: readIndex(reader), ...readEntries(reader, term) };
    case 'appendResponse':
      return { kind, term, matchIndex: readIndex(reader) };
    case 'appendRejected':
      return {
        kind,
        term,
        rejectedIndex: readIndex(reader),
        hintIndex: readIndex(reader),
        hintEpoch: epoch(reader.varint()),
      };
    case 'heartbeat':
      return { kind, term, commitIndex: readIndex(reader), readRound: reader.varint() };
    case 'heartbeatResponse':
      return { kind, term, readRound: reader.varint() };
    case 'commitNotice':
      return { kind, term, commitIndex: readIndex(reader) };
    case 'installSnapshot':
    case 'pullSnapshot':
      return { kind, term, meta: readMeta(reader) };
    case 'timeoutNow':
    case 'newerTerm':
      return { kind, term };
    case 'readRequest':
      return { kind, term, life: reader.varint(), request: reader.varint() };
    case 'readResponse':
      return { kind, term, life: reader.varint(), request: reader.varint(), readIndex: readIndex(reader) };
    default:
      return unreachable(kind);
  }
}

/** Entries in a row and the position that they follow. */
interface EntriesAfter {
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
  readonly entries: readonly Entry[];
}

function writeEntries(writer: ByteWriter, message: EntriesAfter): void {
  writer.varint(message.prevIndex);
  writer.varint(message.prevEpoch);
  writer.varint(message.entries.length);
  for (const entry of message.entries) {
    writer.varint(entry.epoch);
    writer.u8(ENTRY_KIND_CODES[entry.kind]);
    writer.bytes(entry.payload);
  }
}

/** Indexes are not written: entries are contiguous from prevIndex + 1. */
function readEntries(reader: ByteReader, term: Epoch): EntriesAfter {
  const prevIndex = readIndex(reader);
  const prevEpoch = epoch(reader.varint());
  const count = reader.varint();
  // An entry is at least three bytes; a count that cannot be true must not allocate.
  if (count * 3 > reader.remaining) throw new MalformedBytes(`${count} entries in too few bytes`);
  if (!Number.isSafeInteger(prevIndex + count)) throw new MalformedBytes('a log index past 2^53');
  const entries: Entry[] = [];
  let before = prevEpoch;
  for (let i = 1; i <= count; i++) {
    const entryTerm = epoch(reader.varint());
    if (entryTerm < before || entryTerm > term)
      throw new MalformedBytes('entries whose terms are out of order');
    before = entryTerm;
    const kind = ENTRY_KINDS[reader.u8()];
    if (kind === undefined) throw new MalformedBytes('an entry of an unknown kind');
    const payload = reader.bytes();
    if (kind === 'membership') decodeMembership(payload);
    entries.push({ index: logIndex(prevIndex + i), epoch: entryTerm, kind, payload });
  }
  return { prevIndex, prevEpoch, entries };
}

function writeFresherLog(writer: ByteWriter, end: LogPosition | undefined): void {
  writeFlag(writer, end !== undefined);
  if (end === undefined) return;
  writer.varint(end.index);
  writer.varint(end.epoch);
}

function readFresherLog(reader: ByteReader): LogPosition | undefined {
  if (!readFlag(reader)) return undefined;
  return { index: readIndex(reader), epoch: epoch(reader.varint()) };
}

function writeMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer.varint(meta.index);
  writer.varint(meta.epoch);
  writer.bytes(encodeMembership(meta.membership));
}

function readMeta(reader: ByteReader): SnapshotMeta {
  return {
    index: readIndex(reader),
    epoch: epoch(reader.varint()),
    membership: decodeMembership(reader.bytes()),
  };
}

function readLast(reader: ByteReader) {
  return { lastIndex: readIndex(reader), lastEpoch: epoch(reader.varint()) };
}

function readIndex(reader: ByteReader) {
  return logIndex(reader.varint());
}

function writeFlag(writer: ByteWriter, value: boolean): void {
  writer.u8(value ? 1 : 0);
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new MalformedBytes(`${value} where 0 or 1 is a flag`);
  return value === 1;
}
