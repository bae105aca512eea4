/** An acceptor's small durable state, in one record: its promise, and how far it knows slots to be chosen. */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { readEpoch, readIndex, readMember, writeMember } from '../core/message-fields.ts';
import type { Epoch, LogIndex, MemberId } from '../core/numbers.ts';

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
  writeMember(writer, state.owner);
  writer.varint(state.chosenUpTo);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeHardState(bytes: Uint8Array): HardState {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== HARD_STATE_VERSION) throw new MalformedBytes(`a Paxos hard state of version ${version}`);
  const promised = readEpoch(reader);
  const owner = readMember(reader);
  const chosenUpTo = readIndex(reader);
  reader.end();
  return { promised, owner, chosenUpTo };
}
