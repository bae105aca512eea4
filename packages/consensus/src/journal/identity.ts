/** Whose journal this is. Written when it is made, repeated at the head of every segment, never changed. */
import { readHexId, writeHexId } from '../bytes/hex-id.ts';
import { MalformedBytes } from '../bytes/malformed.ts';
import type { ByteReader } from '../bytes/reader.ts';
import type { ByteWriter } from '../bytes/writer.ts';
import type { ProtocolName } from '../core/core.ts';
import type { Membership } from '../core/membership.ts';
import { type ClusterId, clusterId, type MemberId, memberId } from '../core/numbers.ts';
import { readMembership, writeMembership } from './snapshot-meta.ts';

export interface JournalIdentity {
  readonly protocol: ProtocolName;
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  /** Who founded the cluster: the membership in force before the first entry. */
  readonly foundingMembership: Membership;
}

/** The version of records, frames and segments together. */
export const JOURNAL_FORMAT_VERSION = 1;

const PROTOCOL_CODES: Readonly<Record<ProtocolName, number>> = { raft: 1, paxos: 2 };

export function writeIdentity(writer: ByteWriter, identity: JournalIdentity): void {
  writer.u8(PROTOCOL_CODES[identity.protocol]);
  writeHexId(writer, identity.clusterId);
  writeHexId(writer, identity.memberId);
  writeMembership(writer, identity.foundingMembership);
}

export function readIdentity(reader: ByteReader): JournalIdentity {
  const code = reader.u8();
  if (code !== PROTOCOL_CODES.raft && code !== PROTOCOL_CODES.paxos)
    throw new MalformedBytes(`a protocol numbered ${code}`);
  return {
    protocol: code === PROTOCOL_CODES.raft ? 'raft' : 'paxos',
    clusterId: clusterId(readHexId(reader)),
    memberId: memberId(readHexId(reader)),
    foundingMembership: readMembership(reader),
  };
}
