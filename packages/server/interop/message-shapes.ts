/**
 * Answers of KV and Lease as plain objects, by tables of their fields, so that two of them can be compared and a
 * difference reads well. What must differ between two clusters (ids, terms, times) is left out of the tables.
 */
import { decodeFields } from './protobuf-fields.ts';

type Field = 'number' | 'text' | 'texts' | Shape | readonly [Shape];
export interface Shape {
  /** Field number → name and kind; a shape in brackets is repeated. */
  readonly [fieldNumber: number]: readonly [name: string, field: Field];
}
export type Plain = { readonly [name: string]: PlainValue };
type PlainValue = number | string | readonly string[] | Plain | readonly Plain[];

const HEADER: Shape = { 3: ['revision', 'number'] };
const KEY_VALUE: Shape = {
  1: ['key', 'text'],
  2: ['createRevision', 'number'],
  3: ['modRevision', 'number'],
  4: ['version', 'number'],
  5: ['value', 'text'],
  6: ['lease', 'number'],
};
const RANGE: Shape = {
  1: ['header', HEADER],
  2: ['kvs', [KEY_VALUE]],
  3: ['more', 'number'],
  4: ['count', 'number'],
};
const PUT: Shape = { 1: ['header', HEADER], 2: ['prevKv', KEY_VALUE] };
const DELETE_RANGE: Shape = {
  1: ['header', HEADER],
  2: ['deleted', 'number'],
  3: ['prevKvs', [KEY_VALUE]],
};
const TXN: { [fieldNumber: number]: readonly [string, Field] } = {
  1: ['header', HEADER],
  2: ['succeeded', 'number'],
};
const RESPONSE_OP: Shape = {
  1: ['range', RANGE],
  2: ['put', PUT],
  3: ['deleteRange', DELETE_RANGE],
  4: ['txn', TXN],
};
TXN[3] = ['responses', [RESPONSE_OP]];

const EVENT: Shape = { 1: ['type', 'number'], 2: ['kv', KEY_VALUE], 3: ['prevKv', KEY_VALUE] };
const WATCH_RESPONSE: Shape = {
  1: ['header', HEADER],
  2: ['watchId', 'number'],
  3: ['created', 'number'],
  4: ['canceled', 'number'],
  5: ['compactRevision', 'number'],
  6: ['cancelReason', 'text'],
  7: ['fragment', 'number'],
  11: ['events', [EVENT]],
};

const LEASE_TIME_TO_LIVE: Shape = {
  1: ['header', HEADER],
  2: ['id', 'number'],
  3: ['ttl', 'number'],
  4: ['grantedTtl', 'number'],
  5: ['keys', 'texts'],
};
const LEASES: Shape = { 1: ['header', HEADER], 2: ['leases', [{ 1: ['id', 'number'] }]] };

const PERMISSION: Shape = { 1: ['permType', 'number'], 2: ['key', 'text'], 3: ['rangeEnd', 'text'] };

const HEADER_ALONE: Shape = { 1: ['header', HEADER] };
const LEADER_KEY: Shape = {
  1: ['name', 'text'],
  2: ['key', 'text'],
  3: ['rev', 'number'],
  4: ['lease', 'number'],
};
const LEADER: Shape = { 1: ['header', HEADER], 2: ['kv', KEY_VALUE] };

/** By the path of the call. */
export const ANSWER_SHAPES = {
  '/etcdserverpb.KV/Range': RANGE,
  '/etcdserverpb.KV/Put': PUT,
  '/etcdserverpb.KV/DeleteRange': DELETE_RANGE,
  '/etcdserverpb.KV/Txn': TXN as Shape,
  '/etcdserverpb.KV/Compact': { 1: ['header', HEADER] },
  '/etcdserverpb.Lease/LeaseGrant': {
    1: ['header', HEADER],
    2: ['id', 'number'],
    3: ['ttl', 'number'],
    4: ['error', 'text'],
  },
  '/etcdserverpb.Lease/LeaseRevoke': { 1: ['header', HEADER] },
  // Read without a round through the log: the revision in their headers may lag.
  '/etcdserverpb.Lease/LeaseTimeToLive': {
    2: ['id', 'number'],
    4: ['grantedTtl', 'number'],
    5: ['keys', 'texts'],
  },
  '/etcdserverpb.Lease/LeaseKeepAlive': {
    1: ['header', HEADER],
    2: ['id', 'number'],
    3: ['ttl', 'number'],
  },
  '/etcdserverpb.Lease/LeaseLeases': { 2: ['leases', [{ 1: ['id', 'number'] }]] },
  // The token of Authenticate is left out: no two are alike.
  '/etcdserverpb.Auth/Authenticate': HEADER_ALONE,
  '/etcdserverpb.Auth/AuthEnable': HEADER_ALONE,
  '/etcdserverpb.Auth/AuthDisable': HEADER_ALONE,
  '/etcdserverpb.Auth/UserAdd': HEADER_ALONE,
  '/etcdserverpb.Auth/UserDelete': HEADER_ALONE,
  '/etcdserverpb.Auth/UserChangePassword': HEADER_ALONE,
  '/etcdserverpb.Auth/UserGrantRole': HEADER_ALONE,
  '/etcdserverpb.Auth/UserRevokeRole': HEADER_ALONE,
  '/etcdserverpb.Auth/RoleAdd': HEADER_ALONE,
  '/etcdserverpb.Auth/RoleDelete': HEADER_ALONE,
  '/etcdserverpb.Auth/RoleGrantPermission': HEADER_ALONE,
  '/etcdserverpb.Auth/RoleRevokePermission': HEADER_ALONE,
  '/etcdserverpb.Auth/UserGet': { 1: ['header', HEADER], 2: ['roles', 'texts'] },
  '/etcdserverpb.Auth/UserList': { 1: ['header', HEADER], 2: ['users', 'texts'] },
  '/etcdserverpb.Auth/RoleList': { 1: ['header', HEADER], 2: ['roles', 'texts'] },
  '/etcdserverpb.Auth/RoleGet': { 1: ['header', HEADER], 2: ['perm', [PERMISSION]] },
  '/v3lockpb.Lock/Lock': { 1: ['header', HEADER], 2: ['key', 'text'] },
  '/v3lockpb.Lock/Unlock': { 1: ['header', HEADER] },
  '/v3electionpb.Election/Campaign': { 1: ['header', HEADER], 2: ['leader', LEADER_KEY] },
  '/v3electionpb.Election/Proclaim': { 1: ['header', HEADER] },
  '/v3electionpb.Election/Leader': LEADER,
  '/v3electionpb.Election/Observe': LEADER,
  '/v3electionpb.Election/Resign': { 1: ['header', HEADER] },
} satisfies Record<string, Shape>;

export type ComparedPath = keyof typeof ANSWER_SHAPES;

/** Repeated things whose order etcd leaves open are sorted. */
const UNORDERED = new Set(['keys', 'leases']);

export function plainAnswer(path: ComparedPath, message: Buffer): Plain {
  return toPlain(ANSWER_SHAPES[path], message);
}

export function plainWatchResponse(message: Buffer): Plain {
  return toPlain(WATCH_RESPONSE, message);
}

/** With the revision, where nobody lags, and the seconds that remain, which pass. */
export function plainTimeToLive(message: Buffer): Plain {
  return toPlain(LEASE_TIME_TO_LIVE, message);
}

/** With the revision, where nobody lags. */
export function plainLeases(message: Buffer): Plain {
  return toPlain(LEASES, message);
}

function toPlain(shape: Shape, message: Buffer): Plain {
  const fields = decodeFields(message);
  const plain: Record<string, PlainValue> = {};
  for (const [number, values] of fields) {
    const entry = shape[number];
    if (entry === undefined) continue;
    const [name, field] = entry;
    const all = values.map((value) => plainValue(field, value));
    if (Array.isArray(field) || field === 'texts')
      plain[name] = (UNORDERED.has(name) ? all.sort(byText) : all) as PlainValue;
    else plain[name] = all.at(-1)!;
  }
  return plain;
}

function plainValue(field: Field, value: number | Buffer): PlainValue {
  if (typeof value === 'number') return value;
  if (field === 'text' || field === 'texts') return value.toString('latin1');
  if (field === 'number') throw new Error('a number was expected');
  return toPlain((Array.isArray(field) ? field[0] : field) as Shape, value);
}

function byText(left: PlainValue, right: PlainValue): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}
