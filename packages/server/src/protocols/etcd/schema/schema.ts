/**
 * etcd's messages as data, linked with each other: what JSON and the OpenAPI document are made from. The codecs of the fast
 * path do without it. Knows no message of its own.
 */
import { AUTH_ENUMS, AUTH_MESSAGES } from './auth-messages.ts';
import { CLUSTER_MAINTENANCE_ENUMS, CLUSTER_MAINTENANCE_MESSAGES } from './cluster-maintenance-messages.ts';
import { KEYSPACE_ENUMS, KEYSPACE_MESSAGES } from './keyspace-messages.ts';
import { LOCK_ELECTION_MESSAGES } from './lock-election-messages.ts';
import type { EnumTexts, FieldText, MessageTexts } from './schema-texts.ts';
import { WATCH_LEASE_ENUMS, WATCH_LEASE_MESSAGES } from './watch-lease-messages.ts';

export interface MessageSchema {
  readonly name: string;
  /** In the order of their numbers. */
  readonly fields: readonly FieldSchema[];
  readonly byNumber: ReadonlyMap<number, FieldSchema>;
  /** By the name as published and by the same in camel case; JSON may use either. */
  readonly byName: ReadonlyMap<string, FieldSchema>;
}

export interface EnumSchema {
  readonly name: string;
  /** A value's number is its place. */
  readonly values: readonly string[];
}

export type FieldType =
  | { readonly kind: 'int64' | 'uint64' | 'uint32' | 'bool' | 'bytes' | 'string' }
  | { readonly kind: 'enum'; readonly of: EnumSchema }
  | { readonly kind: 'message'; readonly of: MessageSchema };

export interface FieldSchema {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly repeated: boolean;
  /** Of the fields that share this name at most one is set. */
  readonly oneOf: string | undefined;
}

const SCALARS = new Set(['int64', 'uint64', 'uint32', 'bool', 'bytes', 'string'] as const);
type ScalarType = typeof SCALARS extends Set<infer Kind> ? Kind : never;

const MESSAGES: MessageTexts = {
  ...KEYSPACE_MESSAGES,
  ...WATCH_LEASE_MESSAGES,
  ...CLUSTER_MAINTENANCE_MESSAGES,
  ...AUTH_MESSAGES,
  ...LOCK_ELECTION_MESSAGES,
};
const ENUMS: EnumTexts = {
  ...KEYSPACE_ENUMS,
  ...WATCH_LEASE_ENUMS,
  ...CLUSTER_MAINTENANCE_ENUMS,
  ...AUTH_ENUMS,
};

interface OpenSchema extends MessageSchema {
  readonly fields: FieldSchema[];
  readonly byNumber: Map<number, FieldSchema>;
  readonly byName: Map<string, FieldSchema>;
}

/** Every message by its full name. */
export const MESSAGE_SCHEMAS: ReadonlyMap<string, MessageSchema> = link();
export const ENUM_SCHEMAS: ReadonlyMap<string, EnumSchema> = new Map(
  Object.entries(ENUMS).map(([name, values]) => [name, { name, values }]),
);

export function messageSchema(name: string): MessageSchema {
  const schema = MESSAGE_SCHEMAS.get(name);
  if (schema === undefined) throw new Error(`there is no message ${name}`);
  return schema;
}

/** Messages hold each other in circles: all are made before their fields are. */
function link(): ReadonlyMap<string, MessageSchema> {
  const schemas = new Map<string, OpenSchema>();
  for (const name of Object.keys(MESSAGES))
    schemas.set(name, { name, fields: [], byNumber: new Map(), byName: new Map() });
  for (const [name, fields] of Object.entries(MESSAGES)) {
    const schema = schemas.get(name)!;
    for (const [fieldName, text] of Object.entries(fields)) {
      const field = linkField(schemas, fieldName, text);
      schema.fields.push(field);
      schema.byNumber.set(field.number, field);
      schema.byName.set(camelCase(fieldName), field);
      schema.byName.set(fieldName, field);
    }
  }
  return schemas;
}

function linkField(
  schemas: ReadonlyMap<string, MessageSchema>,
  name: string,
  [number, type, more]: FieldText,
): FieldSchema {
  return {
    name,
    number,
    type: linkType(schemas, type),
    repeated: more === 'repeated',
    oneOf: more?.startsWith('one of ') ? more.slice('one of '.length) : undefined,
  };
}

function linkType(schemas: ReadonlyMap<string, MessageSchema>, type: string): FieldType {
  if (isScalar(type)) return { kind: type };
  const of = schemas.get(type);
  if (of !== undefined) return { kind: 'message', of };
  const values = ENUMS[type];
  if (values === undefined) throw new Error(`${type} is neither a message nor an enum`);
  return { kind: 'enum', of: { name: type, values } };
}

function isScalar(type: string): type is ScalarType {
  return (SCALARS as ReadonlySet<string>).has(type);
}

/** As protobuf makes JSON names: an underscore goes, and the letter behind it is a capital. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
