/**
 * Protobuf by the wire tables alone: slow, exact (every number a bigint) and independent of the codec under test. A
 * message is an object by field names; a field at its default is left out when writing and when reading.
 */
import { resolveType, WIRE_MESSAGES, type WireField } from './wire-tables.ts';

export type TableValue = bigint | boolean | string | Uint8Array | TableMessage | readonly TableValue[];
export interface TableMessage {
  readonly [field: string]: TableValue;
}

const INTEGERS = new Set(['int64', 'uint64', 'uint32', 'int32']);

export function fieldsOf(message: string): readonly WireField[] {
  const fields = WIRE_MESSAGES.get(message);
  // A message with no field has no line in the table.
  return fields ?? [];
}

export function varintBytes(value: bigint): number[] {
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

export function tableEncode(name: string, message: TableMessage): Buffer {
  const parts: Uint8Array[] = [];
  const known = new Set(fieldsOf(name).map((field) => field.name));
  for (const key of Object.keys(message)) if (!known.has(key)) throw new Error(`${name} has no field ${key}`);
  for (const field of [...fieldsOf(name)].sort((a, b) => a.number - b.number)) {
    const value = message[field.name];
    if (value === undefined) continue;
    for (const one of field.repeated ? (value as readonly TableValue[]) : [value]) {
      const head = (wireType: number, number: bigint) =>
        parts.push(
          Buffer.from([...varintBytes(BigInt(field.number * 8 + wireType)), ...varintBytes(number)]),
        );
      const bytes = (body: Uint8Array) => {
        head(2, BigInt(body.length));
        parts.push(body);
      };
      if (typeof one === 'bigint') head(0, one);
      else if (typeof one === 'boolean') head(0, one ? 1n : 0n);
      else if (typeof one === 'string') bytes(Buffer.from(one, 'utf8'));
      else if (one instanceof Uint8Array) bytes(one);
      else bytes(tableEncode(resolveType(name, field.type).name, one as TableMessage));
    }
  }
  return Buffer.concat(parts);
}

export function tableDecode(name: string, bytes: Uint8Array): TableMessage {
  const message: Record<string, TableValue> = {};
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const tag = varint();
    const field = fieldsOf(name).find((each) => BigInt(each.number) === tag >> 3n);
    if (field === undefined) throw new Error(`${name} has no field ${tag >> 3n}`);
    let value: TableValue;
    if (INTEGERS.has(field.type)) value = integer(field.type, expect(tag, 0n, varint));
    else if (field.type === 'bool') value = expect(tag, 0n, varint) !== 0n;
    else {
      const scalarBytes = field.type === 'bytes' || field.type === 'string';
      const resolved = scalarBytes ? undefined : resolveType(name, field.type);
      if (resolved?.kind === 'enum') value = expect(tag, 0n, varint);
      else {
        const length = Number(expect(tag, 2n, varint));
        const body = bytes.subarray(offset, offset + length);
        if (body.length !== length) throw new Error(`${name}.${field.name} is cut off`);
        offset += length;
        if (field.type === 'bytes') value = Buffer.from(body);
        else if (field.type === 'string') value = Buffer.from(body).toString('utf8');
        else value = tableDecode(resolved!.name, body);
      }
    }
    if (field.repeated) message[field.name] = [...((message[field.name] as TableValue[]) ?? []), value];
    else message[field.name] = value;
  }
  return message;
}

function expect(tag: bigint, wireType: bigint, read: () => bigint): bigint {
  if ((tag & 7n) !== wireType) throw new Error(`wire type ${tag & 7n} where ${wireType} belongs`);
  return read();
}

function integer(type: string, value: bigint): bigint {
  return type === 'int64' ? BigInt.asIntN(64, value) : value;
}
