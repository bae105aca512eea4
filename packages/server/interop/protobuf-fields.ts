/**
 * Protobuf by hand: a message is a list of (field number, value) pairs. Independent of Synod's own codec on purpose;
 * the numbers are those of etcd's published messages. Values are whole numbers up to 2^53, bytes, text, or messages.
 */
export type FieldValue = number | string | Uint8Array;
export type Fields = readonly (readonly [number: number, value: FieldValue])[];
/** Field number → its values, in order: a number for a varint, bytes for anything with a length. */
export type Decoded = ReadonlyMap<number, readonly (number | Buffer)[]>;

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

export function encodeFields(fields: Fields): Buffer {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number') parts.push(varint(number * 8 + WIRE_VARINT), varint(value));
    else {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      parts.push(varint(number * 8 + WIRE_BYTES), varint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

export function decodeFields(bytes: Buffer): Decoded {
  const fields = new Map<number, (number | Buffer)[]>();
  let offset = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Error('a varint is cut off');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const key = readVarint();
    const number = Math.floor(key / 8);
    let value: number | Buffer;
    if (key % 8 === WIRE_VARINT) value = readVarint();
    else if (key % 8 === WIRE_BYTES) {
      const length = readVarint();
      value = bytes.subarray(offset, offset + length);
      offset += length;
    } else throw new Error(`wire type ${key % 8} does not occur in these messages`);
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

export function numberField(fields: Decoded, number: number): number {
  const value = fields.get(number)?.[0] ?? 0;
  if (typeof value !== 'number') throw new Error(`field ${number} is not a number`);
  return value;
}

export function bytesField(fields: Decoded, number: number): Buffer {
  const value = fields.get(number)?.[0] ?? Buffer.alloc(0);
  if (typeof value === 'number') throw new Error(`field ${number} is a number`);
  return value;
}

export function messagesField(fields: Decoded, number: number): Decoded[] {
  return (fields.get(number) ?? []).map((value) => {
    if (typeof value === 'number') throw new Error(`field ${number} is a number`);
    return decodeFields(value);
  });
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  while (value >= 128) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
  return Uint8Array.from(bytes);
}
