/**
 * Raft's messages as bytes, after the head that both protocols have: the term, then what the kind has. Decoding is strict,
 * since the bytes come from a network; payloads are views on what was received, without a copy. Decides nothing.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import { unreachable } from '../core/assert.ts';
import type { Entry } from '../core/entry.ts';
import { createMessageCodec } from '../core/message-codec.ts';
import {
  readCount,
  readEntryKind,
  readEpoch,
  readFlag,
  readIndex,
  readPayload,
  readSnapshotMeta,
  VALUE_BYTES_MIN,
  writeFlag,
  writeSnapshotMeta,
  writeValue,
} from '../core/message-fields.ts';
import type { MessageCodec } from '../core/messages.ts';
import { type Epoch, type LogIndex, logIndex } from '../core/numbers.ts';
import type { LogPosition } from './log.ts';
import type { RaftMessage, RaftMessageKind } from './messages.ts';

export const RAFT_MESSAGE_VERSION = 1;

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

export function createRaftCodec(): MessageCodec {
  return createMessageCodec<RaftMessage>({
    protocol: 'Raft',
    version: RAFT_MESSAGE_VERSION,
    kindCodes: KIND_CODES,
    writeBody,
    readBody,
  });
}

function writeBody(writer: ByteWriter, message: RaftMessage): void {
  writer.varint(message.term);
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
      writeSnapshotMeta(writer, message.meta);
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
function readBody(reader: ByteReader, kind: RaftMessageKind): RaftMessage {
  const term = readEpoch(reader);
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
      return { kind, term, pull: reader.varint(), ...readPrevious(reader) };
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
        hintEpoch: readEpoch(reader),
      };
    case 'heartbeat':
      return { kind, term, commitIndex: readIndex(reader), readRound: reader.varint() };
    case 'heartbeatResponse':
      return { kind, term, readRound: reader.varint() };
    case 'commitNotice':
      return { kind, term, commitIndex: readIndex(reader) };
    case 'installSnapshot':
    case 'pullSnapshot':
      return { kind, term, meta: readSnapshotMeta(reader) };
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

/** Entries in a row, and the position that they follow. */
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
    writeValue(writer, entry);
  }
}

/** Indexes are not written: entries are contiguous from prevIndex + 1. */
function readEntries(reader: ByteReader, term: Epoch): EntriesAfter {
  const { prevIndex, prevEpoch } = readPrevious(reader);
  const count = readCount(reader, 1 + VALUE_BYTES_MIN);
  if (!Number.isSafeInteger(prevIndex + count)) throw new MalformedBytes('a log index past 2^53');
  const entries: Entry[] = [];
  let before = prevEpoch;
  for (let i = 1; i <= count; i++) {
    const entryTerm = readEpoch(reader);
    if (entryTerm < before || entryTerm > term)
      throw new MalformedBytes('entries whose terms are out of order');
    before = entryTerm;
    const kind = readEntryKind(reader);
    const payload = readPayload(reader, kind);
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
  return { index: readIndex(reader), epoch: readEpoch(reader) };
}

function readPrevious(reader: ByteReader) {
  return { prevIndex: readIndex(reader), prevEpoch: readEpoch(reader) };
}

function readLast(reader: ByteReader) {
  return { lastIndex: readIndex(reader), lastEpoch: readEpoch(reader) };
}
