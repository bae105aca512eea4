/**
 * The bytes of a message that this member made to protobuf's JSON, by its schema: names as published, 64-bit numbers as text,
 * enums by name, bytes as base64, and nothing of fields at their default. Knows no HTTP.
 */
import { ProtobufReader } from '../protobuf/reader.ts';
import type { FieldSchema, MessageSchema } from '../schema/schema.ts';

/** One reader is enough: nothing is put off in between. */
const reader = new ProtobufReader();

export function protobufToJson(schema: MessageSchema, bytes: Uint8Array): string {
  reader.open(bytes);
  const json = messageJson(schema);
  reader.close();
  return json;
}

/**
 * The same for a message that comes in parts, whose fields are in their order over all of them, and none but lists comes twice.
 * The texts joined are the message.
 */
export class JsonInParts {
  private readonly schema: MessageSchema;
  /** The last field that was written. */
  private field: FieldSchema | undefined;

  constructor(schema: MessageSchema) {
    this.schema = schema;
  }

  text(part: Uint8Array): string {
    reader.open(part);
    const pieces: string[] = [];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const field = this.schema.byNumber.get(Math.floor(tag / 8));
      if (field === undefined) reader.skip(tag);
      else pieces.push(this.before(field), valueJson(field));
    }
    reader.close();
    return pieces.join('');
  }

  end(): string {
    return this.field === undefined ? '{}' : `${this.closing()}}`;
  }

  private before(field: FieldSchema): string {
    if (field === this.field) return ',';
    const start = this.field === undefined ? '{' : `${this.closing()},`;
    this.field = field;
    return `${start}"${field.name}":${field.repeated ? '[' : ''}`;
  }

  private closing(): string {
    return this.field?.repeated === true ? ']' : '';
  }
}

/** Reads to the end of the message that the reader is in. */
function messageJson(schema: MessageSchema): string {
  const values = new Map<FieldSchema, string[]>();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = schema.byNumber.get(Math.floor(tag / 8));
    if (field === undefined) {
      reader.skip(tag);
      continue;
    }
    const json = valueJson(field);
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

function valueJson({ type }: FieldSchema): string {
  switch (type.kind) {
    case 'message': {
      const outer = reader.enter();
      const json = messageJson(type.of);
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
