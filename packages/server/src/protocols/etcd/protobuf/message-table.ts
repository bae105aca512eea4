/**
 * Messages that are not on a hot path, described by a table and read and written by one loop: less code to get wrong.
 * The types of the decoded objects come from the table.
 */
import { type LeaseId, NO_LEASE } from '@synod/coordination/machine/values.ts';
import type { ProtobufReader } from './reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from './wire-type.ts';
import type { ProtobufWriter } from './writer.ts';

/** `id`: a 64-bit number as 16 hex digits; `latin1`: bytes as a string of one character a byte; `bytes`: a view on them. */
type ScalarValues = {
  readonly int64: number;
  readonly enum: number;
  readonly bool: boolean;
  readonly id: string;
  readonly leaseId: LeaseId;
  readonly text: string;
  readonly latin1: string;
  readonly bytes: Uint8Array;
};
type ScalarKind = keyof ScalarValues;

export interface ScalarField<Kind extends ScalarKind = ScalarKind> {
  readonly number: number;
  readonly kind: Kind;
  readonly repeated?: false;
}
export interface RepeatedScalarField<Kind extends 'text' | 'latin1' = 'text' | 'latin1'> {
  readonly number: number;
  readonly kind: Kind;
  readonly repeated: true;
}
/** Present or not, which is what a member of a union is: one that is present is written though it be empty. */
export interface MessageField<Message = unknown> {
  readonly number: number;
  readonly kind: 'message';
  readonly of: MessageTable<Message>;
  readonly repeated?: false;
}
export interface RepeatedMessageField<Message = unknown> {
  readonly number: number;
  readonly kind: 'message';
  readonly of: MessageTable<Message>;
  readonly repeated: true;
}
export type Field = ScalarField | RepeatedScalarField | MessageField | RepeatedMessageField;
export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F> =
  F extends RepeatedMessageField<infer Message>
    ? readonly Message[]
    : F extends MessageField<infer Message>
      ? Message | undefined
      : F extends RepeatedScalarField<infer Kind>
        ? readonly ScalarValues[Kind][]
        : F extends ScalarField<infer Kind>
          ? ScalarValues[Kind]
          : never;

export type MessageOf<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

export interface MessageTable<Message> {
  /** By name, in the order of their numbers. */
  readonly fields: Fields;
  /** Every field at its default. */
  empty(): Message;
  decode(reader: ProtobufReader): Message;
  /** Writes the fields without a head. */
  encode(writer: ProtobufWriter, message: Message): void;
}

export function scalar<Kind extends ScalarKind>(number: number, kind: Kind): ScalarField<Kind> {
  return { number, kind };
}

export function repeated<Kind extends 'text' | 'latin1'>(
  number: number,
  kind: Kind,
): RepeatedScalarField<Kind> {
  return { number, kind, repeated: true };
}

/** A message within: undefined where it was left out. */
export function message<Message>(number: number, of: MessageTable<Message>): MessageField<Message> {
  return { number, kind: 'message', of };
}

export function repeatedMessage<Message>(
  number: number,
  of: MessageTable<Message>,
): RepeatedMessageField<Message> {
  return { number, kind: 'message', of, repeated: true };
}

const NO_BYTES = new Uint8Array(0);

const DEFAULTS: ScalarValues = {
  int64: 0,
  enum: 0,
  bool: false,
  id: '0000000000000000',
  leaseId: NO_LEASE,
  text: '',
  latin1: '',
  bytes: NO_BYTES,
};

const VARINT_KINDS: ReadonlySet<Field['kind']> = new Set(['int64', 'enum', 'bool', 'id', 'leaseId']);

/** Fields are written in the table's order, which is to be that of their numbers. */
export function messageTable<const Given extends Fields>(
  fields: Given,
): MessageTable<MessageOf<Given>> & { readonly fields: Given } {
  const list = Object.entries<Field>(fields);
  const byTag = new Map<number, readonly [string, Field]>();
  for (const [name, field] of list) {
    const wireType = VARINT_KINDS.has(field.kind) ? VARINT : LENGTH_DELIMITED;
    byTag.set(tag(field.number, wireType), [name, field]);
  }
  const empty = (): Record<string, unknown> => {
    const message: Record<string, unknown> = {};
    for (const [name, field] of list) message[name] = defaultOf(field);
    return message;
  };
  return {
    fields,
    empty: () => empty() as MessageOf<Given>,
    decode(reader) {
      const message = empty();
      for (let next = reader.tag(); next !== 0; next = reader.tag()) {
        const known = byTag.get(next);
        if (known === undefined) {
          reader.skip(next);
          continue;
        }
        const [name, field] = known;
        const value = readValue(reader, field);
        if (field.repeated) (message[name] as unknown[]).push(value);
        else message[name] = value;
      }
      return message as MessageOf<Given>;
    },
    encode(writer, message) {
      const values = message as Readonly<Record<string, unknown>>;
      for (const [name, field] of list) {
        if (field.repeated)
          for (const value of values[name] as readonly unknown[]) writeElement(writer, field, value);
        else if (field.kind === 'message') {
          if (values[name] !== undefined) writeElement(writer, field, values[name]);
        } else writeField(writer, field, values[name]);
      }
    },
  };
}

function defaultOf(field: Field): unknown {
  if (field.repeated) return [];
  return field.kind === 'message' ? undefined : DEFAULTS[field.kind];
}

function readValue(reader: ProtobufReader, field: Field): unknown {
  switch (field.kind) {
    case 'message': {
      const outer = reader.enter();
      const inner = field.of.decode(reader);
      reader.leave(outer);
      return inner;
    }
    default:
      return reader[field.kind]();
  }
}

function writeElement(
  writer: ProtobufWriter,
  field: RepeatedScalarField | MessageField | RepeatedMessageField,
  value: unknown,
): void {
  switch (field.kind) {
    case 'message': {
      const body = writer.begin(field.number);
      field.of.encode(writer, value);
      writer.end(body);
      return;
    }
    case 'text':
      writer.textElement(field.number, value as string);
      return;
    case 'latin1':
      writer.latin1Element(field.number, value as string);
      return;
  }
}

function writeField(writer: ProtobufWriter, field: ScalarField, value: unknown): void {
  switch (field.kind) {
    case 'int64':
    case 'enum':
      writer.int64Field(field.number, value as number);
      return;
    case 'bool':
      writer.boolField(field.number, value as boolean);
      return;
    case 'id':
    case 'leaseId':
      writer.idField(field.number, value as string);
      return;
    case 'text':
      writer.textField(field.number, value as string);
      return;
    case 'latin1':
      writer.latin1Field(field.number, value as string);
      return;
    case 'bytes':
      writer.bytesField(field.number, value as Uint8Array);
      return;
  }
}
