/** A snapshot's meta as bytes, membership included (pitfall 28): in journal records and in snapshot files. */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import type { Membership } from '../core/membership.ts';
import { epoch, logIndex, type MemberId, memberId } from '../core/numbers.ts';

/** More than any cluster has; a larger count is damage. */
const MEMBERS_MAX = 10_000;

function writeIds(writer: ByteWriter, ids: readonly MemberId[]): void {
  writer.varint(ids.length);
  for (const id of ids) writeHexId(writer, id);
}

function readIds(reader: ByteReader, count: number = reader.varint()): MemberId[] {
  if (count > MEMBERS_MAX) throw new MalformedBytes(`a membership of ${count}`);
  return Array.from({ length: count }, () => memberId(readHexId(reader)));
}

/** Where the count of voters stands, which is never 0: the sizes of the quorums follow, then the membership. */
const QUORUM_FOLLOWS = 0;

export function writeMembership(writer: ByteWriter, membership: Membership): void {
  if (membership.quorum !== undefined) {
    writer.varint(QUORUM_FOLLOWS);
    writer.varint(membership.quorum.phase1);
    writer.varint(membership.quorum.phase2);
  }
  writeIds(writer, membership.voters);
  writeIds(writer, membership.outgoingVoters);
  writeIds(writer, membership.learners);
  writeIds(writer, membership.learnersNext);
}

export function readMembership(reader: ByteReader): Membership {
  const count = reader.varint();
  if (count === QUORUM_FOLLOWS) {
    const quorum = { phase1: reader.varint(), phase2: reader.varint() };
    return { ...readSimpleMembership(reader, reader.varint()), quorum };
  }
  return readSimpleMembership(reader, count);
}

function readSimpleMembership(reader: ByteReader, voterCount: number): Membership {
  return {
    voters: readIds(reader, voterCount),
    outgoingVoters: readIds(reader),
    learners: readIds(reader),
    learnersNext: readIds(reader),
  };
}

export function writeSnapshotMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer.varint(meta.index);
  writer.varint(meta.epoch);
  writeMembership(writer, meta.membership);
}

export function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  return {
    index: logIndex(reader.varint()),
    epoch: epoch(reader.varint()),
    membership: readMembership(reader),
  };
}
