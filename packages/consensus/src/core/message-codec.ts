/**
 * What the messages of both protocols have in common as bytes: version, group, kind, then what the kind has; and that a
 * message which goes to several members is encoded once. Knows nothing of what the kinds are.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { type Entry, entryBytes } from './entry.ts';
import type { MessageCodec, PeerMessage } from './messages.ts';
import { GROUP_ZERO } from './numbers.ts';

/** Room for everything in a message beside its entries. */
const MESSAGE_HEAD_BYTES = 64;

/** A message of whose parts only the large one is known here. */
type FramedMessage = PeerMessage & { readonly entries?: readonly Entry[] };

/** What a protocol says of its messages. */
export interface MessageFormat<Message extends FramedMessage> {
  /** As an error names it. */
  readonly protocol: string;
  readonly version: number;
  /** Kinds as numbers. Never reused for something else. */
  readonly kindCodes: Readonly<Record<Message['kind'], number>>;
  /** Writes what follows the kind. */
  readonly writeBody: (writer: ByteWriter, message: Message) => void;
  /** Reads it back; the reader must then be at its end. @throws MalformedBytes */
  readonly readBody: (reader: ByteReader, kind: Message['kind']) => Message;
}

/** A codec of its own a core: it keeps the bytes of the newest message, which often goes to several members alike. */
export function createMessageCodec<Message extends FramedMessage>(
  format: MessageFormat<Message>,
): MessageCodec {
  const kindOfCode: ReadonlyMap<number, Message['kind']> = new Map(
    (Object.keys(format.kindCodes) as Message['kind'][]).map((kind) => [format.kindCodes[kind], kind]),
  );
  let newest: { readonly message: PeerMessage; readonly bytes: Uint8Array } | undefined;
  return {
    encode(message) {
      if (newest?.message === message) return newest.bytes;
      const bytes = encodeMessage(format, message as Message);
      newest = { message, bytes };
      return bytes;
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const kind = readHead(reader, format, kindOfCode);
      const message = format.readBody(reader, kind);
      reader.end();
      return message;
    },
  };
}

function encodeMessage<Message extends FramedMessage>(
  { version, kindCodes, writeBody }: MessageFormat<Message>,
  message: Message,
): Uint8Array {
  let sizeBytes = MESSAGE_HEAD_BYTES;
  if (message.entries !== undefined) for (const entry of message.entries) sizeBytes += entryBytes(entry);
  const writer = new ByteWriter(sizeBytes);
  writer.u8(version);
  writer.varint(GROUP_ZERO);
  writer.u8(kindCodes[message.kind as Message['kind']]);
  writeBody(writer, message);
  return writer.finish();
}

/** @throws MalformedBytes */
function readHead<Kind extends string>(
  reader: ByteReader,
  expected: { readonly protocol: string; readonly version: number },
  kindOfCode: ReadonlyMap<number, Kind>,
): Kind {
  const version = reader.u8();
  if (version !== expected.version)
    throw new MalformedBytes(`a ${expected.protocol} message of version ${version}`);
  const group = reader.varint();
  if (group !== GROUP_ZERO) throw new MalformedBytes(`a message for group ${group}, which is not here`);
  const code = reader.u8();
  const kind = kindOfCode.get(code);
  if (kind === undefined) throw new MalformedBytes(`a ${expected.protocol} message of kind ${code}`);
  return kind;
}
