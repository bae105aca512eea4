/** A member as a row of the store: who it is, how it can be reached, and what became of it. */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import type { MemberFacts } from '../machine/machine-api.ts';
import { readText, readTexts, writeText, writeTexts } from '../machine/text-codec.ts';

/**
 * - `member`: takes part, or is to.
 * - `leaving`: removed, and the consensus may still need it.
 * - `gone`: removed, and the consensus does without it.
 */
export type Standing = 'member' | 'leaving' | 'gone';

export interface DirectoryEntry {
  readonly facts: MemberFacts;
  readonly standing: Standing;
  /** Somebody asked for it to be as it is, unlike a founder as the cluster's configuration has it. */
  readonly isAsAsked: boolean;
}

/** First byte of every value in the table. */
const ROW_VERSION = 1;

const IS_LEARNER = 1;
const IS_AS_ASKED = 2;
const IS_LEAVING = 4;
const IS_GONE = 8;

export function directoryRowKey(id: string): Uint8Array {
  const writer = new ByteWriter(8);
  writeHexId(writer, id);
  return writer.finish();
}

export function encodeDirectoryEntry({ facts, standing, isAsAsked }: DirectoryEntry): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(ROW_VERSION);
  writer.u8(
    (facts.isLearner ? IS_LEARNER : 0) |
      (isAsAsked ? IS_AS_ASKED : 0) |
      (standing === 'leaving' ? IS_LEAVING : 0) |
      (standing === 'gone' ? IS_GONE : 0),
  );
  writeText(writer, facts.name);
  writeTexts(writer, facts.peerUrls);
  writeTexts(writer, facts.clientUrls);
  return writer.finish();
}

/** @throws MalformedBytes when the row is not what this version wrote. */
export function decodeDirectoryEntry(key: Uint8Array, value: Uint8Array): DirectoryEntry {
  const id = readHexId(new ByteReader(key));
  const reader = new ByteReader(value);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`a member's row of version ${version}`);
  const flags = reader.u8();
  return {
    facts: {
      id,
      isLearner: (flags & IS_LEARNER) !== 0,
      name: readText(reader),
      peerUrls: readTexts(reader),
      clientUrls: readTexts(reader),
    },
    standing: (flags & IS_GONE) !== 0 ? 'gone' : (flags & IS_LEAVING) !== 0 ? 'leaving' : 'member',
    isAsAsked: (flags & IS_AS_ASKED) !== 0,
  };
}
