/**
 * Paxos's messages as bytes: version, group, kind, then what the kind has. Decoding is strict, since the bytes come from
 * a network; payloads are views on what was received, without a copy. Decides nothing.
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
import { epoch, GROUP_ZERO, logIndex } from '../core/numbers.ts';
import type { PaxosMessage, PaxosMessageKind, SlotRange } from './messages.ts';

export const PAXOS_MESSAGE_VERSION = 1;

/** Room for everything in a message beside its entries. */
const MESSAGE_HEAD_BYTES = 64;

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

const KIND_OF_CODE: ReadonlyMap<number, PaxosMessageKind> = new Map(
  (Object.keys(KIND_CODES) as PaxosMessageKind[]).map((kind) => [KIND_CODES[kind], kind]),
);

/** A codec of its own a core: it keeps the bytes of the newest message, which often goes to several members alike. */
export function createPaxosCodec(): MessageCodec {
  let newest: { readonly message: PeerMessage; readonly bytes: Uint8Array } | undefined;
  return {
    encode(message) {
      if (newest?.message === message) return newest.bytes;
      const bytes = encodeMessage(message as PaxosMessage);
      newest = { message, bytes };
      return bytes;
    },
    decode: decodeMessage,
  };
}

function encodeMessage(message: PaxosMessage): Uint8Array {
  let sizeBytes = MESSAGE_HEAD_BYTES;
  if ('entries' in message) for (const entry of message.entries) sizeBytes += entryBytes(entry);
  const writer = new ByteWriter(sizeBytes);
  writer.u8(PAXOS_MESSAGE_VERSION);
  writer.varint(GROUP_ZERO);
  writer.u8(KIND_CODES[message.kind]);
  writeBody(writer, message);
  return writer.finish();
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
      writer.varint(message.meta.index);
      writer.varint(message.meta.epoch);
      writer.bytes(encodeMembership(message.meta.membership));
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
function decodeMessage(bytes: Uint8Array): PaxosMessage {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== PAXOS_MESSAGE_VERSION) throw new MalformedBytes(`a Paxos message of version ${version}`);
  const group = reader.varint();
  if (group !== GROUP_ZERO) throw new MalformedBytes(`a message for group ${group}, which is not here`);
  const code = reader.u8();
  const kind = KIND_OF_CODE.get(code);
  if (kind === undefined) throw new MalformedBytes(`a Paxos message of kind ${code}`);
  const message = readBody(reader, kind);
  reader.end();
  return message;
}

function readBody(reader: ByteReader, kind: PaxosMessageKind): PaxosMessage {
  switch (kind) {
    case 'poll':
      return { kind, round: reader.varint() };
    case 'pollReply':
      return {
        kind,
        round: reader.varint(),
        ballot: readBallot(reader),
        content: readFlag(reader),
        chosenUpTo: readSlot(reader),
      };
    case 'prepare':
      return { kind, ballot: readBallot(reader), from: readSlot(reader) };
    case 'promise':
      return {
        kind,
        ballot: readBallot(reader),
        from: readSlot(reader),
        upTo: readSlot(reader),
        more: readFlag(reader),
        chosenUpTo: readSlot(reader),
        trimmedIndex: readSlot(reader),
        entries: readEntries(reader),
        unknown: readRanges(reader),
      };
    case 'refused':
      return { kind, ballot: readBallot(reader), promised: readBallot(reader) };
    case 'accept': {
      const ballot = readBallot(reader);
      const commitIndex = readSlot(reader);
      return { kind, ballot, commitIndex, entries: readRow(reader, ballot) };
    }
    case 'accepted': {
      const ballot = readBallot(reader);
      return { kind, ballot, ...readRange(reader), chosenUpTo: readSlot(reader) };
    }
    case 'heartbeat':
      return {
        kind,
        ballot: readBallot(reader),
        commitIndex: readSlot(reader),
        readRound: reader.varint(),
      };
    case 'heartbeatReply':
      return { kind, ballot: readBallot(reader), readRound: reader.varint(), chosenUpTo: readSlot(reader) };
    case 'commitNotice':
      return { kind, ballot: readBallot(reader), commitIndex: readSlot(reader) };
    case 'learnRequest':
      return { kind, from: readSlot(reader) };
    case 'learnResponse':
      return { kind, entries: readEntries(reader), chosenUpTo: readSlot(reader) };
    case 'learnTrimmed':
      return { kind, trimmedIndex: readSlot(reader) };
    case 'installSnapshot':
      return { kind, meta: readMeta(reader) };
    case 'timeoutNow':
      return { kind, ballot: readBallot(reader) };
    case 'readRequest':
      return { kind, life: reader.varint(), request: reader.varint() };
    case 'readResponse':
      return { kind, life: reader.varint(), request: reader.varint(), readIndex: readSlot(reader) };
    default:
      return unreachable(kind);
  }
}

/** Consecutive entries of one ballot: only the first slot is written. */
function writeRow(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries[0]!.index);
  writer.varint(entries.length);
  for (const { kind, payload } of entries) {
    writer.u8(ENTRY_KIND_CODES[kind]);
    writer.bytes(payload);
  }
}

function readRow(reader: ByteReader, ballot: Entry['epoch']): Entry[] {
  const first = readSlot(reader);
  const count = readCount(reader, 2);
  if (first < 1 || count < 1) throw new MalformedBytes('an Accept of nothing');
  if (!Number.isSafeInteger(first + count)) throw new MalformedBytes('a slot past 2^53');
  return Array.from({ length: count }, (_, i) => ({
    index: logIndex(first + i),
    epoch: ballot,
    ...readValue(reader),
  }));
}

function writeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.varint(entry.index);
    writer.varint(entry.epoch);
    writer.u8(ENTRY_KIND_CODES[entry.kind]);
    writer.bytes(entry.payload);
  }
}

function readEntries(reader: ByteReader): Entry[] {
  const count = readCount(reader, 4);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const entry = { index: readSlot(reader), epoch: readBallot(reader), ...readValue(reader) };
    if (entry.index <= (entries.at(-1)?.index ?? 0)) throw new MalformedBytes('slots out of order');
    entries.push(entry);
  }
  return entries;
}

function readValue(reader: ByteReader): Pick<Entry, 'kind' | 'payload'> {
  const kind = ENTRY_KINDS[reader.u8()];
  if (kind === undefined) throw new MalformedBytes('an entry of an unknown kind');
  const payload = reader.bytes();
  if (kind === 'membership') decodeMembership(payload);
  return { kind, payload };
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
  const range = { first: readSlot(reader), last: readSlot(reader) };
  if (range.last < range.first) throw new MalformedBytes('a range of slots that ends before it begins');
  return range;
}

/** A count of things of at least so many bytes each: one that cannot be true must not allocate. */
function readCount(reader: ByteReader, bytesEach: number): number {
  const count = reader.varint();
  if (count * bytesEach > reader.remaining)
    throw new MalformedBytes(`${count} of something in too few bytes`);
  return count;
}

function readMeta(reader: ByteReader): SnapshotMeta {
  return {
    index: readSlot(reader),
    epoch: readBallot(reader),
    membership: decodeMembership(reader.bytes()),
  };
}

function readSlot(reader: ByteReader) {
  return logIndex(reader.varint());
}

function readBallot(reader: ByteReader) {
  return epoch(reader.varint());
}

function writeFlag(writer: ByteWriter, value: boolean): void {
  writer.u8(value ? 1 : 0);
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new MalformedBytes(`${value} where 0 or 1 is a flag`);
  return value === 1;
}
