/**
 * Messages as the JSON of etcd's gateway, by the wire tables alone. What is read must be in the one form that a gateway
 * writes: names as published, 64-bit numbers as text, enums by name, bytes in padded base64, nothing at its default.
 */
import type { TableMessage, TableValue } from '../../test/protocols/etcd/wire/table-codec.ts';
import {
  resolveType,
  WIRE_ENUMS,
  WIRE_MESSAGES,
  type WireField,
} from '../../test/protocols/etcd/wire/wire-tables.ts';

/** Of what a client may choose. */
export interface JsonStyle {
  readonly camelCase: boolean;
  readonly numbersAsText: boolean;
  readonly enumsByNumber: boolean;
}

type Json = string | number | boolean | { readonly [name: string]: Json } | readonly Json[];

const WIDE_INTEGERS = new Set(['int64', 'uint64']);
const NARROW_INTEGERS = new Set(['int32', 'uint32']);

export function toJson(name: string, message: TableMessage, style: JsonStyle): Json {
  const fields = (WIRE_MESSAGES.get(name) ?? []).filter((field) => message[field.name] !== undefined);
  return Object.fromEntries(
    fields.map((field) => {
      const value = message[field.name]!;
      const one = (each: TableValue): Json => valueToJson(name, field, each, style);
      const written = field.repeated ? (value as readonly TableValue[]).map(one) : one(value);
      return [style.camelCase ? camelCase(field.name) : field.name, written];
    }),
  );
}

function valueToJson(message: string, { type }: WireField, value: TableValue, style: JsonStyle): Json {
  if (typeof value === 'bigint') {
    if (WIDE_INTEGERS.has(type) || NARROW_INTEGERS.has(type))
      return style.numbersAsText || value > BigInt(Number.MAX_SAFE_INTEGER) ? String(value) : Number(value);
    return style.enumsByNumber ? Number(value) : nameOf(resolveType(message, type).name, value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return toJson(resolveType(message, type).name, value as TableMessage, style);
}

/** @throws when it is not in the one form. */
export function fromJson(name: string, json: Json): TableMessage {
  if (typeof json !== 'object' || Array.isArray(json)) throw new Error(`${name} is no object`);
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const field = WIRE_MESSAGES.get(name)?.find((one) => one.name === key);
      if (field === undefined) throw new Error(`${name} has no field ${key}`);
      if (!field.repeated) return [key, valueFromJson(name, field, value as Json)];
      if (!Array.isArray(value) || value.length === 0) throw new Error(`${name}.${key} is no filled list`);
      return [key, value.map((one: Json) => valueFromJson(name, field, one, true))];
    }),
  );
}

function valueFromJson(message: string, field: WireField, json: Json, isElement = false): TableValue {
  const { type, name } = field;
  const where = `${message}.${name}: ${JSON.stringify(json)}`;
  const expect = (holds: boolean): void => {
    if (!holds) throw new Error(`not as a gateway writes it: ${where}`);
  };
  if (WIDE_INTEGERS.has(type) || NARROW_INTEGERS.has(type)) {
    expect(typeof json === (WIDE_INTEGERS.has(type) ? 'string' : 'number'));
    expect(/^-?[1-9]\d*$/.test(String(json)) || (isElement && String(json) === '0'));
    return BigInt(String(json));
  }
  if (type === 'bool') {
    expect(json === true);
    return true;
  }
  if (type === 'string' || type === 'bytes') {
    expect(typeof json === 'string' && (json !== '' || isElement));
    if (type === 'string') return json as string;
    const bytes = Buffer.from(json as string, 'base64');
    expect(bytes.toString('base64') === json);
    return bytes;
  }
  const resolved = resolveType(message, type);
  if (resolved.kind === 'message') return fromJson(resolved.name, json);
  const number = WIRE_ENUMS.get(resolved.name)!.get(String(json));
  expect(number !== undefined && (number !== 0 || isElement));
  return BigInt(number!);
}

function nameOf(enumName: string, number: bigint): Json {
  for (const [name, value] of WIRE_ENUMS.get(enumName)!) if (BigInt(value) === number) return name;
  return Number(number);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
