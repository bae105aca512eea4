/** An acceptor's small durable state, in one record: its promise, and how far it knows slots to be chosen. */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { type Epoch, epoch, type LogIndex, logIndex, type MemberId, memberId } from '../core/numbers.ts';

export interface HardState {
  /** Nothing below this ballot is accepted any more. */
  readonly promised: Epoch;
  /** To whom it was promised; undefined before the first promise. */
  readonly owner: MemberId | undefined;
  /** Slots up to here are chosen, and the journal holds what was chosen. May lag behind what is known. */
  readonly chosenUpTo: LogIndex;
}

const HARD_STATE_VERSION = 1;

/** Version, promise, whether there is an owner, owner, chosen prefix. */
const HARD_STATE_BYTES_MAX = 1 + 8 + 1 + 8 + 8;

export function encodeHardState(state: HardState): Uint8Array {
  const writer = new ByteWriter(HARD_STATE_BYTES_MAX);
  writer.u8(HARD_STATE_VERSION);
  writer.varint(state.promised);
  writer.u8(state.owner === undefined ? 0 : 1);
  if (state.owner !== undefined) writeHexId(writer, state.owner);
  writer.varint(state.chosenUpTo);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeHardState(bytes: Uint8Array): HardState {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== HARD_STATE_VERSION) throw new MalformedBytes(`a Paxos hard state of version ${version}`);
  const promised = epoch(reader.varint());
  const owned = reader.u8();
  if (owned > 1) throw new MalformedBytes(`${owned} where 0 or 1 says whether there is an owner`);
  const owner = owned === 1 ? memberId(readHexId(reader)) : undefined;
  const chosenUpTo = logIndex(reader.varint());
  reader.end();
  return { promised, owner, chosenUpTo };
}
