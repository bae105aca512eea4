/** Raft's small durable state, term and vote, in one record (pitfall 18), and its bytes. */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { type Epoch, epoch, type MemberId, memberId } from '../core/numbers.ts';

export interface HardState {
  readonly term: Epoch;
  /** Who was given this replica's vote in `term`. */
  readonly vote: MemberId | undefined;
}

const HARD_STATE_VERSION = 1;

/** Version, term, whether there is a vote, vote. */
const HARD_STATE_BYTES_MAX = 1 + 8 + 1 + 8;

export function encodeHardState(state: HardState): Uint8Array {
  const writer = new ByteWriter(HARD_STATE_BYTES_MAX);
  writer.u8(HARD_STATE_VERSION);
  writer.varint(state.term);
  writer.u8(state.vote === undefined ? 0 : 1);
  if (state.vote !== undefined) writeHexId(writer, state.vote);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeHardState(bytes: Uint8Array): HardState {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== HARD_STATE_VERSION) throw new MalformedBytes(`a hard state of version ${version}`);
  const term = epoch(reader.varint());
  const voted = reader.u8();
  if (voted > 1) throw new MalformedBytes(`${voted} where 0 or 1 says whether there is a vote`);
  const vote = voted === 1 ? memberId(readHexId(reader)) : undefined;
  reader.end();
  return { term, vote };
}
