/**
 * What members say of themselves: names and addresses, through the log, so that every member can tell. Who has a vote
 * is the consensus core's business.
 */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import type { MemberCommand } from '../machine/commands.ts';
import type { MemberFacts } from '../machine/machine-api.ts';
import { readText, readTexts, writeText, writeTexts } from '../machine/text-codec.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

export class MemberModule {
  private readonly backend: Pick<Backend, 'scan' | 'put'>;
  /** Who founded the cluster, from its configuration: known before anybody said anything. */
  private readonly founders: readonly MemberFacts[];
  /** By id. Durable but for the founders who have said nothing yet. */
  private readonly members = new Map<string, MemberFacts>();

  constructor(backend: Pick<Backend, 'scan' | 'put'>, founders: readonly MemberFacts[]) {
    this.backend = backend;
    this.founders = founders;
  }

  /** @throws MalformedBytes when a row is not what this version wrote. */
  load(): void {
    this.members.clear();
    for (const founder of this.founders) this.members.set(founder.id, founder);
    for (const { key, value } of this.backend.scan(TABLE.members, {})) {
      const member = decodeMember(key, value);
      this.members.set(member.id, member);
    }
  }

  publish(command: MemberCommand): void {
    const { id, name, peerUrls, clientUrls } = command;
    const member = { id, name, peerUrls, clientUrls, isLearner: false };
    this.members.set(id, member);
    this.backend.put(TABLE.members, memberRowKey(id), encodeMember(member));
  }

  /** By id, so that every member gives the same list. */
  list(): MemberFacts[] {
    return [...this.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function memberRowKey(id: string): Uint8Array {
  const writer = new ByteWriter(8);
  writeHexId(writer, id);
  return writer.finish();
}

function encodeMember(member: MemberFacts): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(ROW_VERSION);
  writer.u8(member.isLearner ? 1 : 0);
  writeText(writer, member.name);
  writeTexts(writer, member.peerUrls);
  writeTexts(writer, member.clientUrls);
  return writer.finish();
}

function decodeMember(key: Uint8Array, value: Uint8Array): MemberFacts {
  const id = readHexId(new ByteReader(key));
  const reader = new ByteReader(value);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`a member's row of version ${version}`);
  const isLearner = reader.u8() === 1;
  return {
    id,
    isLearner,
    name: readText(reader),
    peerUrls: readTexts(reader),
    clientUrls: readTexts(reader),
  };
}
