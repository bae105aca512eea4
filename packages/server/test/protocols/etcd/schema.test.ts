/** The schema says what the wire tables say: every message, field, number, type, enum, call and path, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CALLS } from '../../../src/protocols/etcd/schema/calls.ts';
import {
  camelCase,
  ENUM_SCHEMAS,
  MESSAGE_SCHEMAS,
  type MessageSchema,
} from '../../../src/protocols/etcd/schema/schema.ts';
import { resolveType, WIRE_ENUMS, WIRE_MESSAGES } from './wire/wire-tables.ts';

/** Messages of the tables that no call carries. */
const NOT_CARRIED = new Set([
  'etcdserverpb.LeaseCheckpoint',
  'etcdserverpb.LeaseCheckpointRequest',
  'etcdserverpb.LeaseCheckpointResponse',
  'etcdserverpb.DowngradeVersionTestRequest',
  'authpb.User',
  'authpb.Role',
]);

/** The tables name a message with no field only where a field is of its type. */
function typeInTables(message: string, type: string): string {
  if (!/[A-Z]/.test(type)) return type;
  const { name } = resolveType(message, type);
  return name === 'WatchProgressRequest' ? 'etcdserverpb.WatchProgressRequest' : name;
}

function typeInSchema({ type }: MessageSchema['fields'][number]): string {
  return type.kind === 'message' || type.kind === 'enum' ? type.of.name : type.kind;
}

test('every message has the fields of the tables', () => {
  for (const [name, wireFields] of WIRE_MESSAGES) {
    if (NOT_CARRIED.has(name)) continue;
    const fields = MESSAGE_SCHEMAS.get(name)?.fields.map((field) => [
      field.number,
      field.name,
      typeInSchema(field),
      field.repeated,
    ]);
    const expected = [...wireFields]
      .sort((a, b) => a.number - b.number)
      .map((field) => [field.number, field.name, typeInTables(name, field.type), field.repeated]);
    assert.deepEqual(fields, expected, name);
  }
  for (const [name, { fields }] of MESSAGE_SCHEMAS)
    assert.ok(WIRE_MESSAGES.has(name) || fields.length === 0, `${name} is in no table`);
});

test('fields of one union are named as such', () => {
  const rows = wireRows('etcd-v3-messages.tsv').filter(([, , , , union]) => (union ?? '') !== '');
  for (const [name, , field, , union] of rows)
    assert.equal(MESSAGE_SCHEMAS.get(name!)?.byName.get(field!)?.oneOf, union, `${name}.${field}`);
  const inSchema = [...MESSAGE_SCHEMAS.values()]
    .flatMap(({ fields }) => fields)
    .filter((field) => field.oneOf);
  assert.equal(inSchema.length, rows.length);
});

test('every enum has the values of the tables', () => {
  for (const [name, values] of WIRE_ENUMS)
    assert.deepEqual(
      ENUM_SCHEMAS.get(name)?.values.map((value, number) => [value, number]),
      [...values].sort(([, a], [, b]) => a - b),
      name,
    );
});

test('every call has the messages, kind and paths of the tables', () => {
  const lines = CALLS.map((call) => {
    const home = call.service.slice(0, call.service.indexOf('.') + 1);
    const stream = (streams: boolean, name: string): string =>
      `${streams ? 'stream ' : ''}${name.slice(home.length)}`;
    return [
      call.service,
      call.method,
      stream(call.kind === 'bothStream', call.request),
      stream(call.kind !== 'unary', call.response),
      call.gatewayPaths.map((path) => `POST ${path}`).join(', '),
    ].join('\t');
  });
  assert.deepEqual(
    lines,
    wireRows('etcd-v3-rpcs.tsv').map((row) => row.join('\t')),
  );
});

test('JSON names are camel case as protobuf makes them', () => {
  assert.equal(camelCase('min_mod_revision'), 'minModRevision');
  assert.equal(camelCase('raftTerm'), 'raftTerm');
  assert.equal(camelCase('remaining_TTL'), 'remaining_TTL');
});

function wireRows(file: string): string[][] {
  return readFileSync(new URL(`wire/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
