/**
 * Reads a journal back. Tells a torn tail (the last frame of the last segment, cut) from damage in the middle
 * (refused, pitfall 29). Reads only: whoever opens the journal cuts the tail.
 *
 * Why the two can be told apart: frame n+1 is written only after frame n is durable. So an unsound frame with any
 * sound header of a later sequence behind it, or a later segment that does not begin where it ends, was durable once
 * and was damaged since. An unsound frame with nothing later may never have been durable, and then nothing that
 * waits for it was released. A rotten last frame looks the same as a torn one: see docs/spec/durability.md.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import type { Disk } from '../replica/ports.ts';
import {
  FRAME_ALIGNMENT_BYTES,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  payloadIsSound,
  readFrameHeader,
} from './frame.ts';
import { JOURNAL_FORMAT_VERSION } from './identity.ts';
import type { JournalError } from './journal-error.ts';
import { readRecord } from './records.ts';
import { RecoveredState } from './recovered-state.ts';
import { JOURNAL_DIRECTORY, segmentFirstSequence, segmentPath } from './segment-name.ts';

export interface RecoveredSegment {
  readonly path: string;
  readonly sizeBytes: number;
  /** The highest entry index of any record in it; 0 if there is none. */
  readonly highestIndex: number;
}

export interface RecoveredJournal {
  readonly state: RecoveredState;
  /** In order; the last is the one to go on in. Empty: there is no journal yet. */
  readonly segments: readonly RecoveredSegment[];
  /** Where the next frame goes in the last segment. */
  readonly endOffset: number;
  readonly nextSequence: number;
  readonly salt: number;
  /** Bytes of the torn tail, from `endOffset` to the last that is not zero. */
  readonly tornBytes: number;
}

export type RecoveryResult =
  | { readonly ok: true; readonly journal: RecoveredJournal }
  | { readonly ok: false; readonly error: JournalError };

/** The sound frames at the head of one segment. */
interface SegmentScan {
  readonly payloads: readonly { readonly offset: number; readonly length: number }[];
  readonly endOffset: number;
  readonly nextSequence: number;
  readonly salt: number;
}

export function recoverJournal(disk: Disk): RecoveryResult {
  const firstSequences = disk
    .list(JOURNAL_DIRECTORY)
    .map(segmentFirstSequence)
    .filter((sequence) => sequence !== undefined)
    .sort((a, b) => a - b);
  const state = new RecoveredState();
  const segments: RecoveredSegment[] = [];
  let salt: number | undefined;
  let endOffset = 0;
  let nextSequence = 1;
  let tornBytes = 0;
  for (const [position, firstSequence] of firstSequences.entries()) {
    const path = segmentPath(firstSequence);
    const previous = segments.at(-1);
    if (previous !== undefined && firstSequence !== nextSequence)
      return damaged(
        previous.path,
        endOffset,
        `frame ${nextSequence} is missing or unsound, and ${path} shows that it was durable`,
      );
    const sizeBytes = disk.size(path) ?? 0;
    const bytes = disk.read(path, 0, sizeBytes);
    const scan = scanSegment(bytes, firstSequence, salt);
    // A newer version's frame must not be taken for a torn tail: it would be cut.
    const version = readFrameHeader(bytes, scan.endOffset)?.version ?? JOURNAL_FORMAT_VERSION;
    if (version !== JOURNAL_FORMAT_VERSION)
      return { ok: false, error: { kind: 'unsupportedVersion', path, version } };
    if (scan.payloads.length === 0)
      return damaged(path, 0, 'the preamble, without which no segment is ever named, is unsound');
    salt = scan.salt;
    endOffset = scan.endOffset;
    nextSequence = scan.nextSequence;
    if (position === firstSequences.length - 1) {
      const later = findLaterFrame(bytes, endOffset, nextSequence, salt);
      if (later !== undefined)
        return damaged(
          path,
          endOffset,
          `frame ${nextSequence} is unsound, and frame ${later.sequence} after it shows that it was durable`,
        );
      tornBytes = lastNonZero(bytes) + 1 - endOffset;
    }
    // Entries keep views on these bytes: a nearly empty segment must not be kept whole for their sake.
    const kept = endOffset * 2 < bytes.length ? bytes.slice(0, endOffset) : bytes;
    const replayed = replay(kept, scan, state, path);
    if (!replayed.ok) return replayed;
    segments.push({ path, sizeBytes: bytes.length, highestIndex: replayed.highestIndex });
  }
  return {
    ok: true,
    journal: { state, segments, endOffset, nextSequence, salt: salt ?? 0, tornBytes: Math.max(0, tornBytes) },
  };
}

function damaged(
  path: string,
  offset: number,
  detail: string,
): { readonly ok: false; readonly error: JournalError } {
  return { ok: false, error: { kind: 'damaged', path, offset, detail } };
}

/** `salt` undefined: the first frame says which it is. */
function scanSegment(bytes: Uint8Array, firstSequence: number, salt: number | undefined): SegmentScan {
  const payloads: { offset: number; length: number }[] = [];
  let offset = 0;
  let sequence = firstSequence;
  for (;;) {
    const header = readFrameHeader(bytes, offset);
    if (header === undefined || header.sequence !== sequence || header.version !== JOURNAL_FORMAT_VERSION)
      break;
    if (header.salt !== (salt ?? header.salt) || !payloadIsSound(bytes, offset, header)) break;
    if (sequence === firstSequence && header.kind !== 'preamble') break;
    salt = header.salt;
    payloads.push({ offset: offset + FRAME_HEADER_BYTES, length: header.payloadBytes });
    offset += frameBytes(header.payloadBytes);
    sequence++;
  }
  return { payloads, endOffset: offset, nextSequence: sequence, salt: salt ?? 0 };
}

/** A sound header of this journal with a sequence above `unsound`, anywhere after `from`. */
function findLaterFrame(
  bytes: Uint8Array,
  from: number,
  unsound: number,
  salt: number,
): FrameHeader | undefined {
  for (let offset = from; offset + FRAME_HEADER_BYTES <= bytes.length; offset += FRAME_ALIGNMENT_BYTES) {
    if (bytes[offset] === 0) continue;
    const header = readFrameHeader(bytes, offset);
    if (header !== undefined && header.salt === salt && header.sequence > unsound) return header;
  }
  return undefined;
}

/** The offset of the last byte that is not zero; -1 if all are. */
function lastNonZero(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at >= 0 && bytes[at] === 0) at--;
  return at;
}

function replay(
  bytes: Uint8Array,
  scan: SegmentScan,
  state: RecoveredState,
  path: string,
):
  | { readonly ok: true; readonly highestIndex: number }
  | { readonly ok: false; readonly error: JournalError } {
  let highestIndex = 0;
  for (const { offset, length } of scan.payloads) {
    const reader = new ByteReader(bytes.subarray(offset, offset + length));
    try {
      while (reader.remaining > 0) {
        const record = readRecord(reader);
        if (record.kind === 'entry') highestIndex = Math.max(highestIndex, record.entry.index);
        state.take(record);
      }
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      return damaged(
        path,
        offset + reader.offset,
        `a record with a right checksum is malformed: ${error.message}`,
      );
    }
  }
  return { ok: true, highestIndex };
}
