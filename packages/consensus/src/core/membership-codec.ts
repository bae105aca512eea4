/** A membership as bytes: the payload of a `membership` entry and a part of a snapshot's meta. */
import { HEX_ID_BYTES, readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import type { Membership } from './membership.ts';
import { type MemberId, memberId } from './numbers.ts';

/** Of a membership with the quorums of its size. */
const MEMBERSHIP_VERSION = 1;

/** Of one that says how large its quorums are. */
const MEMBERSHIP_VERSION_QUORUM = 2;

function writeIds(writer: ByteWriter, ids: readonly MemberId[]): void {
  writer.varint(ids.length);
  for (const id of ids) writeHexId(writer, id);
}

/** Sorted and without duplicates, or the bytes are not ours. */
function readIds(reader: ByteReader): MemberId[] {
  const count = reader.varint();
  if (count * HEX_ID_BYTES > reader.remaining) throw new MalformedBytes(`${count} members in too few bytes`);
  const ids: MemberId[] = [];
  for (let i = 0; i < count; i++) {
    const id = memberId(readHexId(reader));
    if (i > 0 && id <= ids[i - 1]!) throw new MalformedBytes('members out of order');
    ids.push(id);
  }
  return ids;
}

export function encodeMembership(membership: Membership): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(membership.quorum === undefined ? MEMBERSHIP_VERSION : MEMBERSHIP_VERSION_QUORUM);
  writeIds(writer, membership.voters);
  writeIds(writer, membership.outgoingVoters);
  writeIds(writer, membership.learners);
  writeIds(writer, membership.learnersNext);
  if (membership.quorum !== undefined) {
    writer.varint(membership.quorum.phase1);
    writer.varint(membership.quorum.phase2);
  }
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeMembership(bytes: Uint8Array): Membership {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== MEMBERSHIP_VERSION && version !== MEMBERSHIP_VERSION_QUORUM)
    throw new MalformedBytes(`a membership of version ${version}`);
  const membership: Membership = {
    voters: readIds(reader),
    outgoingVoters: readIds(reader),
    learners: readIds(reader),
    learnersNext: readIds(reader),
    ...(version === MEMBERSHIP_VERSION_QUORUM
      ? { quorum: { phase1: reader.varint(), phase2: reader.varint() } }
      : {}),
  };
  reader.end();
  if (membership.voters.length === 0) throw new MalformedBytes('a membership without voters');
  return membership;
}
