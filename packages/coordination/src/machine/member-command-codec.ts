/** Commands about members as bytes, behind their tags. A number, once given, keeps its meaning. */
import {
  type ByteReader,
  type ByteWriter,
  MalformedBytes,
  readHexId,
  unreachable,
  writeHexId,
} from '@synod/consensus';
import type { MemberCommand } from './member-commands.ts';
import { readText, readTexts, writeText, writeTexts } from './text-codec.ts';

export const MEMBER_TAG = {
  publish: 32,
  add: 33,
  remove: 34,
  update: 35,
  promote: 36,
  retire: 37,
} as const satisfies Readonly<Record<MemberCommand['kind'], number>>;

export function writeMemberCommand(writer: ByteWriter, command: MemberCommand): void {
  writer.u8(MEMBER_TAG[command.kind]);
  writeHexId(writer, command.id);
  switch (command.kind) {
    case 'publish':
      writeText(writer, command.name);
      writeTexts(writer, command.peerUrls);
      writeTexts(writer, command.clientUrls);
      return;
    case 'add':
      writeTexts(writer, command.peerUrls);
      writer.u8(command.isLearner ? 1 : 0);
      writer.varint(command.learnersMax);
      return;
    case 'update':
      writeTexts(writer, command.peerUrls);
      return;
    case 'remove':
    case 'promote':
    case 'retire':
      return;
    default:
      unreachable(command);
  }
}

/** What is behind a tag of MEMBER_TAG. @throws MalformedBytes, also where the tag is none of them */
export function readMemberCommand(reader: ByteReader, tag: number): MemberCommand {
  switch (tag) {
    case MEMBER_TAG.publish:
      return {
        module: 'members',
        kind: 'publish',
        id: readHexId(reader),
        name: readText(reader),
        peerUrls: readTexts(reader),
        clientUrls: readTexts(reader),
      };
    case MEMBER_TAG.add:
      return {
        module: 'members',
        kind: 'add',
        id: readHexId(reader),
        peerUrls: readTexts(reader),
        isLearner: reader.u8() === 1,
        learnersMax: reader.varint(),
      };
    case MEMBER_TAG.update:
      return { module: 'members', kind: 'update', id: readHexId(reader), peerUrls: readTexts(reader) };
    case MEMBER_TAG.remove:
      return { module: 'members', kind: 'remove', id: readHexId(reader) };
    case MEMBER_TAG.promote:
      return { module: 'members', kind: 'promote', id: readHexId(reader) };
    case MEMBER_TAG.retire:
      return { module: 'members', kind: 'retire', id: readHexId(reader) };
    default:
      throw new MalformedBytes(`a command numbered ${tag}`);
  }
}
