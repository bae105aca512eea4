/**
 * Paxos's messages as bytes, after the head that both protocols have. Decoding is strict, since the bytes come from a
 * network; payloads are views on what was received, without a copy. Decides nothing.
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
import { type Epoch, logIndex } from '../core/numbers.ts';
import type { PaxosMessage, PaxosMessageKind, SlotRange } from './messages.ts';

export const PAXOS_MESSAGE_VERSION = 1;

const KIND_CODES: Readonly<Record<PaxosMessageKind, number>> = {
  poll: 1,
  pollReply: 2,
  prepare: 3,
  promise: 4,
  refused: 5,
  accept: 6,
  accepted: 7,
  heartbeat: 8,
  heartbeatReply: 9,
  commitNotice: 10,
  learnRequest: 11,
  learnResponse: 12,
  learnTrimmed: 13,
  installSnapshot: 14,
  timeoutNow: 15,
  readRequest: 16,
  readResponse: 17,
};

export function createPaxosCodec(): MessageCodec {
  return createMessageCodec<PaxosMessage>({
    protocol: 'Paxos',
    version: PAXOS_MESSAGE_VERSION,
    kindCodes: KIND_CODES,
    writeBody,
    readBody,
  });
}

function writeBody(writer: ByteWriter, message: PaxosMessage): void {
  switch (message.kind) {
    case 'poll':
      writer.varint(message.round);
      return;
    case 'pollReply':
      writer.varint(message.round);
      writer.varint(message.ballot);
      writeFlag(writer, message.content);
      writer.varint(message.chosenUpTo);
      return;
    case 'prepare':
      writer.varint(message.ballot);
      writer.varint(message.from);
      return;
    case 'promise':
      writer.varint(message.ballot);
      writer.varint(message.from);
      writer.varint(message.upTo);
      writeFlag(writer, message.more);
      writer.varint(message.chosenUpTo);
      writer.varint(message.trimmedIndex);
      writeEntries(writer, message.entries);
      writeRanges(writer, message.unknown);
      return;
    case 'refused':
      writer.varint(message.ballot);
      writer.varint(message.promised);
      return;
    case 'accept':
      writer.varint(message.ballot);
      writer.varint(message.commitIndex);
      writeRow(writer, message.entries);
      return;
    case 'accepted':
      writer.varint(message.ballot);
      writer.varint(message.first);
      writer.varint(message.last);
      writer.varint(message.chosenUpTo);
      return;
    case 'heartbeat':
      writer.varint(message.ballot);
      writer.varint(message.commitIndex);
      writer.varint(message.readRound);
      return;
    case 'heartbeatReply':
      writer.varint(message.ballot);
      writer.varint(message.readRound);
      writer.varint(message.chosenUpTo);
      return;
    case 'commitNotice':
      writer.varint(message.ballot);
      writer.varint(message.commitIndex);
      return;
    case 'learnRequest':
      writer.varint(message.from);
      return;
    case 'learnResponse':
      writeEntries(writer, message.entries);
      writer.varint(message.chosenUpTo);
      return;
    case 'learnTrimmed':
      writer.varint(message.trimmedIndex);
      return;
    case 'installSnapshot':
      writeSnapshotMeta(writer, message.meta);
      return;
    case 'timeoutNow':
      writer.varint(message.ballot);
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
function readBody(reader: ByteReader, kind: PaxosMessageKind): PaxosMessage {
  switch (kind) {
    case 'poll':
      return { kind, round: reader.varint() };
    case 'pollReply':
      return {
        kind,
        round: reader.varint(),
        ballot: readEpoch(reader),
        content: readFlag(reader),
        chosenUpTo: readIndex(reader),
      };
    case 'prepare':
      return { kind, ballot: readEpoch(reader), from: readIndex(reader) };
    case 'promise':
      return {
        kind,
        ballot: readEpoch(reader),
        from: readIndex(reader),
        upTo: readIndex(reader),
        more: readFlag(reader),
        chosenUpTo: readIndex(reader),
        trimmedIndex: readIndex(reader),
        entries: readEntries(reader),
        unknown: readRanges(reader),
      };
    case 'refused':
      return { kind, ballot: readEpoch(reader), promised: readEpoch(reader) };
    case 'accept': {
      const ballot = readEpoch(reader);
      const commitIndex = readIndex(reader);
      return { kind, ballot, commitIndex, entries: readRow(reader, ballot) };
    }
    case 'accepted': {
      const ballot = readEpoch(reader);
      return { kind, ballot, ...readRange(reader), chosenUpTo: readIndex(reader) };
    }
    case 'heartbeat':
      return {
        kind,
        ballot: readEpoch(reader),
        commitIndex: readIndex(reader),
        readRound: reader.varint(),
      };
    case 'heartbeatReply':
      return { kind, ballot: readEpoch(reader), readRound: reader.varint(), chosenUpTo: readIndex(reader) };
    case 'commitNotice':
      return { kind, ballot: readEpoch(reader), commitIndex: readIndex(reader) };
    case 'learnRequest':
      return { kind, from: readIndex(reader) };
    case 'learnResponse':
      return { kind, entries: readEntries(reader), chosenUpTo: readIndex(reader) };
    case 'learnTrimmed':
      return { kind, trimmedIndex: readIndex(reader) };
    case 'installSnapshot':
      return { kind, meta: readSnapshotMeta(reader) };
    case 'timeoutNow':
      return { kind, ballot: readEpoch(reader) };
    case 'readRequest':
      return { kind, life: reader.varint(), request: reader.varint() };
    case 'readResponse':
      return { kind, life: reader.varint(), request: reader.varint(), readIndex: readIndex(reader) };
    default:
      return unreachable(kind);
  }
}

/** Consecutive entries of one ballot: only the first slot is written. */
function writeRow(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries[0]!.index);
  writer.varint(entries.length);
  for (const entry of entries) writeValue(writer, entry);
}

function readRow(reader: ByteReader, ballot: Epoch): Entry[] {
  const first = readIndex(reader);
  const count = readCount(reader, VALUE_BYTES_MIN);
  if (first < 1 || count < 1) throw new MalformedBytes('an Accept of nothing');
  if (!Number.isSafeInteger(first + count)) throw new MalformedBytes('a slot past 2^53');
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const kind = readEntryKind(reader);
    entries.push({ index: logIndex(first + i), epoch: ballot, kind, payload: readPayload(reader, kind) });
  }
  return entries;
}

function writeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.varint(entry.index);
    writer.varint(entry.epoch);
    writeValue(writer, entry);
  }
}

function readEntries(reader: ByteReader): Entry[] {
  const count = readCount(reader, 2 + VALUE_BYTES_MIN);
  const entries: Entry[] = [];
  let before = 0;
  for (let i = 0; i < count; i++) {
    const index = readIndex(reader);
    if (index <= before) throw new MalformedBytes('slots out of order');
    before = index;
    const ballot = readEpoch(reader);
    const kind = readEntryKind(reader);
    entries.push({ index, epoch: ballot, kind, payload: readPayload(reader, kind) });
  }
  return entries;
}

function writeRanges(writer: ByteWriter, ranges: readonly SlotRange[]): void {
  writer.varint(ranges.length);
  for (const { first, last } of ranges) {
    writer.varint(first);
    writer.varint(last);
  }
}

function readRanges(reader: ByteReader): SlotRange[] {
  return Array.from({ length: readCount(reader, 2) }, () => readRange(reader));
}

function readRange(reader: ByteReader): SlotRange {
  const range = { first: readIndex(reader), last: readIndex(reader) };
  if (range.last < range.first) throw new MalformedBytes('a range of slots that ends before it begins');
  return range;
}
