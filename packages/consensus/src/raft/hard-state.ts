/** Raft's small durable state, term and vote, in one record (pitfall 18), and its bytes. */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { readEpoch, readMember, writeMember } from '../core/message-fields.ts';
import type { Epoch, MemberId } from '../core/numbers.ts';

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
  writeMember(writer, state.vote);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeHardState(bytes: Uint8Array): HardState {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== HARD_STATE_VERSION) throw new MalformedBytes(`a hard state of version ${version}`);
  const term = readEpoch(reader);
  const vote = readMember(reader);
  reader.end();
  return { term, vote };
}
