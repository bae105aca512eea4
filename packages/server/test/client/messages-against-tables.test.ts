/** Every message of the client's, field by field, against the tables of etcd's wire facts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RPC } from '../../src/client/rpc.ts';
import type { Field, MessageTable } from '../../src/protocols/etcd/protobuf/message-table.ts';
import { resolveType, WIRE_MESSAGES } from '../protocols/etcd/wire/wire-tables.ts';

/** Path → the names of its two messages. */
const WIRE_PATHS = new Map(
  readFileSync(new URL('../protocols/etcd/wire/etcd-v3-rpcs.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t'))
    .map(([service, method, request, response]) => [
      `/${service}/${method}`,
      [request!, response!].map((name) => `etcdserverpb.${name.replace('stream ', '')}`),
    ]),
);

const TYPES: Readonly<Record<Exclude<Field['kind'], 'message' | 'enum'>, readonly string[]>> = {
  int64: ['int64', 'uint64', 'uint32'],
  bool: ['bool'],
  id: ['uint64'],
  leaseId: ['int64'],
  text: ['string'],
  latin1: ['bytes'],
  bytes: ['bytes'],
};

/** One table here serves calls whose first field has the one name or the other. */
const ALIASES: Readonly<Record<string, string>> = {
  'etcdserverpb.AuthUserRevokeRoleRequest.user': 'name',
  'etcdserverpb.AuthRoleAddRequest.role': 'name',
};

function check(name: string, table: MessageTable<never>): void {
  const wire = WIRE_MESSAGES.get(name) ?? [];
  for (const [given, field] of Object.entries(table.fields)) {
    const fieldName = ALIASES[`${name}.${given}`] ?? given;
    const known = wire.find(({ number }) => number === field.number);
    assert.equal(known?.name, fieldName, `${name} field ${field.number}`);
    assert.equal(known?.repeated, field.repeated === true, `${name}.${fieldName}`);
    if (field.kind === 'message' || field.kind === 'enum') {
      const resolved = resolveType(name, known!.type);
      assert.equal(resolved.kind, field.kind, `${name}.${fieldName}`);
      if (field.kind === 'message') check(resolved.name, field.of as MessageTable<never>);
    } else assert.ok(TYPES[field.kind].includes(known!.type), `${name}.${fieldName} is a ${known!.type}`);
  }
}

for (const [name, rpc] of Object.entries(RPC))
  test(name, () => {
    const messages = WIRE_PATHS.get(rpc.path);
    assert.ok(messages, `${rpc.path} is a call of etcd's`);
    check(messages[0]!, rpc.request as MessageTable<never>);
    check(messages[1]!, rpc.response as MessageTable<never>);
  });
