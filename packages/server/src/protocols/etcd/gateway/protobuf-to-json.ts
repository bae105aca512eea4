/**
 * The bytes of a message that this member made to protobuf's JSON, by its schema: names as published, 64-bit numbers as text,
 * enums by name, bytes as base64, and nothing of fields at their default. Knows no HTTP.
 */
import { ProtobufReader } from '../protobuf/reader.ts';
import type { FieldSchema, MessageSchema } from '../schema/schema.ts';

/** A piece of a long message's text has so many characters, but for what one value has beyond it. */
const PIECE_CHARACTERS = 64 * 1024;

/** One reader is enough where nothing is put off in between. */
const shared = new ProtobufReader();

export function protobufToJson(schema: MessageSchema, bytes: Uint8Array): string {
  shared.open(bytes);
  const json = messageJson(shared, schema);
  shared.close();
  return json;
}

/**
 * The same for a message that comes in parts, whose fields are in their order over all of them, and none but lists comes twice.
 * The texts joined are the message.
 */
export class JsonInParts {
  private readonly schema: MessageSchema;
  /** The last field that was written. */
  private last: FieldSchema | undefined;

  constructor(schema: MessageSchema) {
    this.schema = schema;
  }

  text(part: Uint8Array): string {
    shared.open(part);
    let text = '';
    for (let tag = shared.tag(); tag !== 0; tag = shared.tag()) {
      const field = this.schema.byNumber.get(Math.floor(tag / 8));
      if (field === undefined) shared.skip(tag);
      else {
        text += nameBefore(field, this.last) + valueJson(shared, field);
        this.last = field;
      }
    }
    shared.close();
    return text;
  }

  end(): string {
    return endAfter(this.last);
  }
}

/**
 * The same of a whole message, in pieces, the last of which is what it returns, for a message whose fields are in their order, and none but
 * lists comes twice.
 */
export function* jsonPieces(schema: MessageSchema, bytes: Uint8Array): Generator<string, string> {
  const reader = new ProtobufReader();
  reader.open(bytes);
  return yield* messagePieces(reader, schema, '');
}

/** `before`: text that has yet to be given, and comes first. */
function* messagePieces(
  reader: ProtobufReader,
  schema: MessageSchema,
  before: string,
): Generator<string, string> {
  let text = before;
  let last: FieldSchema | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = schema.byNumber.get(Math.floor(tag / 8));
    if (field === undefined) {
      reader.skip(tag);
      continue;
    }
    text += nameBefore(field, last);
    last = field;
    if (field.type.kind === 'message') {
      const outer = reader.enter();
      if (reader.left < PIECE_CHARACTERS) text += messageJson(reader, field.type.of);
      else text = yield* messagePieces(reader, field.type.of, text);
      reader.leave(outer);
    } else text += valueJson(reader, field);
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  return text + endAfter(last);
}

/** What stands before a value of a field, behind one of the field `last`. */
function nameBefore(field: FieldSchema, last: FieldSchema | undefined): string {
  if (field === last) return ',';
  const before = last === undefined ? '{' : last.repeated ? '],' : ',';
  return `${before}"${field.name}":${field.repeated ? '[' : ''}`;
}

function endAfter(last: FieldSchema | undefined): string {
  if (last === undefined) return '{}';
  return last.repeated ? ']}' : '}';
}

/** Reads to the end of the message that the reader is in. */
function messageJson(reader: ProtobufReader, schema: MessageSchema): string {
  const values = new Map<FieldSchema, string[]>();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = schema.byNumber.get(Math.floor(tag / 8));
    if (field === undefined) {
      reader.skip(tag);
      continue;
    }
    const json = valueJson(reader, field);
    const before = values.get(field);
    if (before === undefined) values.set(field, [json]);
    else if (field.repeated) before.push(json);
    else before[0] = json;
  }
  const members: string[] = [];
  for (const field of schema.fields) {
    const found = values.get(field);
    if (found === undefined) continue;
    members.push(`"${field.name}":${field.repeated ? `[${found.join(',')}]` : found[0]}`);
  }
  return `{${members.join(',')}}`;
}

function valueJson(reader: ProtobufReader, { type }: FieldSchema): string {
  switch (type.kind) {
    case 'message': {
      const outer = reader.enter();
      const json = messageJson(reader, type.of);
      reader.leave(outer);
      return json;
    }
    case 'enum': {
      const number = reader.enum();
      const name = type.of.values[number];
      return name === undefined ? String(number) : `"${name}"`;
    }
    case 'bytes': {
      const bytes = reader.bytes();
      return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`;
    }
    case 'string':
      return JSON.stringify(reader.text());
    case 'bool':
      return String(reader.bool());
    case 'uint32':
      return String(reader.int64());
    case 'int64':
      return `"${signedText(reader.id())}"`;
    case 'uint64':
      return `"${BigInt(`0x${reader.id()}`)}"`;
  }
}

/** Most numbers are small, and BigInt is dear. */
function signedText(hex: string): string {
  return hex.startsWith('000')
    ? String(Number.parseInt(hex, 16))
    : String(BigInt.asIntN(64, BigInt(`0x${hex}`)));
}
