/**
 * A message in protobuf's JSON to its bytes, by its schema. Fields by either of their names, unknown ones passed over as etcd
 * does; 64-bit numbers as text or as numbers, enums by name or number, bytes as base64 of either alphabet. Knows no HTTP.
 */
import { tag, VARINT } from '../protobuf/wire-type.ts';
import { ProtobufWriter } from '../protobuf/writer.ts';
import type { EnumSchema, FieldSchema, MessageSchema } from '../schema/schema.ts';
import { MalformedJson } from './json-text.ts';
import { JSON_DEPTH_MAX } from './limits.ts';

const writer = new ProtobufWriter();

/** The bytes are a view that may be kept. Throws MalformedJson. */
export function jsonToProtobuf(schema: MessageSchema, value: unknown): Uint8Array {
  try {
    writeMessage(schema, value, 1);
    return writer.finish();
  } finally {
    writer.discard();
  }
}

function writeMessage(schema: MessageSchema, value: unknown, depth: number): void {
  if (value === null || value === undefined) return;
  if (depth > JSON_DEPTH_MAX) throw new MalformedJson('exceeded max recursion depth');
  if (typeof value !== 'object' || Array.isArray(value))
    throw new MalformedJson(`${schema.name} is to be an object, and not ${nameOf(value)}`);
  const oneOfs = new Set<string>();
  for (const [name, inner] of Object.entries(value)) {
    const field = schema.byName.get(name);
    if (field === undefined || inner === null) continue;
    if (field.oneOf !== undefined) {
      if (oneOfs.has(field.oneOf))
        throw new MalformedJson(
          `oneof ${schema.name}.${field.oneOf} is already set by another field than ${name}`,
        );
      oneOfs.add(field.oneOf);
    }
    writeField(schema, field, inner, depth);
  }
}

function writeField(schema: MessageSchema, field: FieldSchema, value: unknown, depth: number): void {
  if (!field.repeated) writeOne(schema, field, value, depth);
  else if (Array.isArray(value)) for (const one of value) writeOne(schema, field, one, depth);
  else throw refusal(schema, field, value, 'a list');
}

function writeOne(schema: MessageSchema, field: FieldSchema, value: unknown, depth: number): void {
  const { number, type } = field;
  switch (type.kind) {
    case 'message': {
      const body = writer.begin(number);
      writeMessage(type.of, value, depth + 1);
      writer.end(body);
      return;
    }
    case 'enum':
      writeEnum(field, enumNumber(schema, field, type.of, value));
      return;
    case 'bytes':
      writer.bytesElement(number, base64Of(schema, field, value));
      return;
    case 'string':
      if (typeof value !== 'string') throw refusal(schema, field, value, 'a text');
      writer.textElement(number, value);
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw refusal(schema, field, value, 'true or false');
      writer.boolField(number, value);
      return;
    default:
      writeInteger(number, integerOf(schema, field, value));
  }
}

/** Elements of a list are written although they be 0. */
function writeEnum({ number, repeated }: FieldSchema, value: number): void {
  if (!repeated) {
    writer.int64Field(number, value);
    return;
  }
  writer.raw(varintBytes(BigInt(tag(number, VARINT))));
  writer.raw(varintBytes(BigInt.asUintN(64, BigInt(value))));
}

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function enumNumber(schema: MessageSchema, field: FieldSchema, of: EnumSchema, value: unknown): number {
  if (typeof value === 'string') {
    const place = of.values.indexOf(value);
    if (place < 0)
      throw new MalformedJson(`unknown value ${JSON.stringify(shortened(value))} for enum ${of.name}`);
    return place;
  }
  if (typeof value !== 'number' || (value | 0) !== value)
    throw refusal(schema, field, value, `one of ${of.values.join(', ')}`);
  return value;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function base64Of(schema: MessageSchema, field: FieldSchema, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !BASE64.test(value)) throw refusal(schema, field, value, 'base64');
  const digits = value.endsWith('=') ? value.indexOf('=') : value.length;
  if (digits % 4 === 1 || (value.length !== digits && value.length % 4 !== 0))
    throw refusal(schema, field, value, 'base64 of a whole number of bytes');
  return Buffer.from(value, 'base64');
}

const LIMITS = {
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint64: { min: 0n, max: 2n ** 64n - 1n },
  uint32: { min: 0n, max: 2n ** 32n - 1n },
} as const;
type IntegerKind = keyof typeof LIMITS;

function integerOf(schema: MessageSchema, field: FieldSchema, value: unknown): bigint {
  const kind = field.type.kind as IntegerKind;
  const isText = typeof value === 'string' && value.length <= 20 && /^-?\d+$/.test(value);
  if (!isText && !Number.isInteger(value)) throw refusal(schema, field, value, `an ${kind}`);
  const number = BigInt(value as string | number);
  const { min, max } = LIMITS[kind];
  if (number < min || number > max) throw refusal(schema, field, value, `an ${kind}`);
  return number;
}

function writeInteger(number: number, value: bigint): void {
  const small = Number(value);
  if (Number.isSafeInteger(small)) writer.int64Field(number, small);
  else writer.idField(number, BigInt.asUintN(64, value).toString(16).padStart(16, '0'));
}

function refusal(schema: MessageSchema, field: FieldSchema, value: unknown, wanted: string): MalformedJson {
  return new MalformedJson(`${schema.name}.${field.name} is to be ${wanted}, and not ${nameOf(value)}`);
}

const QUOTED_LENGTH_MAX = 40;

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  return JSON.stringify(typeof value === 'string' ? shortened(value) : value);
}

function shortened(text: string): string {
  return text.length <= QUOTED_LENGTH_MAX ? text : `${text.slice(0, QUOTED_LENGTH_MAX)}…`;
}
