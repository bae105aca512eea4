/** The one row that says how far the state has come. It travels in every commit, so that the two cannot disagree. */
import { ByteReader, ByteWriter, MalformedBytes } from '@synod/consensus';
import { type BackendReader, TABLE } from '../backend/backend.ts';

export interface Meta {
  readonly appliedIndex: number;
  readonly revision: number;
  /** Of the last compaction; -1 before the first. */
  readonly compactedTo: number;
}

export const META_KEY: Uint8Array = Uint8Array.of(0);

/** First byte of the value: the version of all tables together. */
const FORMAT_VERSION = 1;

export function encodeMeta(meta: Meta): Uint8Array {
  const writer = new ByteWriter(25);
  writer.u8(FORMAT_VERSION);
  writer.varint(meta.appliedIndex);
  writer.varint(meta.revision);
  writer.varint(meta.compactedTo + 1);
  return writer.finish();
}

/** Undefined in an empty store. @throws MalformedBytes when another version wrote it. */
export function readMeta(backend: BackendReader): Meta | undefined {
  const bytes = backend.get(TABLE.meta, META_KEY);
  return bytes === undefined ? undefined : decodeMeta(bytes);
}

/** @throws MalformedBytes when another version wrote it. */
export function decodeMeta(bytes: Uint8Array): Meta {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== FORMAT_VERSION) throw new MalformedBytes(`a state of format ${version}`);
  return { appliedIndex: reader.varint(), revision: reader.varint(), compactedTo: reader.varint() - 1 };
}
