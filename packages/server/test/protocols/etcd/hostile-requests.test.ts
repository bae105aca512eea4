/**
 * Whatever a client sends, each call gets at most one answer and nothing throws; and whatever is let through can be
 * written into the log and read back the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCommands, encodeCommands } from '@synod/coordination';
import fc from 'fast-check';
import { FakeUnaryCall, open, setUp } from './fake-calls.ts';
import { fieldsOf, type TableMessage, type TableValue, tableEncode } from './wire/table-codec.ts';
import { resolveType } from './wire/wire-tables.ts';

const REQUESTS: readonly (readonly [path: string, message: string])[] = [
  ['/etcdserverpb.KV/Range', 'etcdserverpb.RangeRequest'],
  ['/etcdserverpb.KV/RangeStream', 'etcdserverpb.RangeRequest'],
  ['/etcdserverpb.KV/Put', 'etcdserverpb.PutRequest'],
  ['/etcdserverpb.KV/DeleteRange', 'etcdserverpb.DeleteRangeRequest'],
  ['/etcdserverpb.KV/Txn', 'etcdserverpb.TxnRequest'],
  ['/etcdserverpb.KV/Compact', 'etcdserverpb.CompactionRequest'],
  ['/etcdserverpb.Watch/Watch', 'etcdserverpb.WatchRequest'],
  ['/etcdserverpb.Lease/LeaseGrant', 'etcdserverpb.LeaseGrantRequest'],
  ['/etcdserverpb.Lease/LeaseRevoke', 'etcdserverpb.LeaseRevokeRequest'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'etcdserverpb.LeaseKeepAliveRequest'],
  ['/etcdserverpb.Lease/LeaseTimeToLive', 'etcdserverpb.LeaseTimeToLiveRequest'],
  ['/etcdserverpb.Lease/LeaseLeases', 'etcdserverpb.LeaseLeasesRequest'],
  ['/etcdserverpb.Cluster/MemberList', 'etcdserverpb.MemberListRequest'],
  ['/v3lockpb.Lock/Lock', 'v3lockpb.LockRequest'],
  ['/v3lockpb.Lock/Unlock', 'v3lockpb.UnlockRequest'],
  ['/v3electionpb.Election/Campaign', 'v3electionpb.CampaignRequest'],
  ['/v3electionpb.Election/Proclaim', 'v3electionpb.ProclaimRequest'],
  ['/v3electionpb.Election/Leader', 'v3electionpb.LeaderRequest'],
  ['/v3electionpb.Election/Observe', 'v3electionpb.LeaderRequest'],
  ['/v3electionpb.Election/Resign', 'v3electionpb.ResignRequest'],
  ['/etcdserverpb.Maintenance/Status', 'etcdserverpb.StatusRequest'],
  ['/etcdserverpb.Maintenance/Alarm', 'etcdserverpb.AlarmRequest'],
];

/** Small numbers mostly, so that much is let through; the edges of 64 bits sometimes. */
const int64: fc.Arbitrary<TableValue> = fc.oneof(
  fc.bigInt({ min: -3n, max: 300n }),
  fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)),
);

function anyMessage(name: string, depth: number): fc.Arbitrary<TableMessage> {
  const fields: Record<string, fc.Arbitrary<TableValue>> = {};
  for (const field of fieldsOf(name)) {
    let one: fc.Arbitrary<TableValue>;
    if (field.type === 'int64' || field.type === 'uint64') one = int64;
    else if (field.type === 'bool') one = fc.boolean();
    else if (field.type === 'bytes') one = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes));
    else if (field.type === 'string') one = fc.string({ maxLength: 3 });
    else {
      const type = resolveType(name, field.type);
      if (type.kind === 'enum') one = fc.bigInt({ min: -1n, max: 5n });
      else if (depth === 0) continue;
      else one = anyMessage(type.name, depth - 1);
    }
    fields[field.name] = field.repeated ? fc.array(one, { maxLength: 3 }) : one;
  }
  return fc.record(fields, { requiredKeys: [] }).map((message) => message as TableMessage);
}

/** One request to a fresh protocol, by whatever kind of call it is. Fails if there is more than one answer. */
function send(path: string, bytes: Uint8Array): ReturnType<typeof setUp> {
  const setup = setUp();
  const method = setup.protocol.methods.get(path)!;
  if (method.kind === 'stream') {
    open(setup, path).listener.onMessage(bytes);
    return setup;
  }
  const call = new FakeUnaryCall(bytes, {});
  method.handler(call);
  assert.equal(
    call.answers.length + setup.service.asked,
    1,
    'answered at once or asked of the service, and once',
  );
  return setup;
}

for (const [path, message] of REQUESTS) {
  test(`${path}: any values; what is let through survives the log`, () => {
    fc.assert(
      fc.property(anyMessage(message, 5), (request) => {
        const { service } = send(path, tableEncode(message, request));
        for (const { question } of service.commands) {
          const [readBack] = decodeCommands(encodeCommands([question]));
          assert.deepEqual(comparable(readBack), comparable(question));
        }
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  test(`${path}: any bytes, and requests cut, bent and joined`, () => {
    fc.assert(
      fc.property(
        anyMessage(message, 4),
        fc.uint8Array({ maxLength: 12 }),
        fc.nat(),
        fc.constantFrom('cut', 'bend', 'join', 'replace'),
        (request, noise, at, how) => {
          const whole = tableEncode(message, request);
          const place = whole.length === 0 ? 0 : at % whole.length;
          if (how === 'cut') send(path, whole.subarray(0, place));
          else if (how === 'join') send(path, Buffer.concat([whole.subarray(0, place), noise, whole]));
          else if (how === 'replace') send(path, noise);
          else {
            if (whole.length > 0) whole[place] = (whole[place]! + 1 + noise.length) % 256;
            send(path, whole);
          }
        },
      ),
      { seed: 1, numRuns: 150 },
    );
  });
}

/** Bytes as hex, whatever class of bytes, and no difference between a field left out and one undefined. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field)]));
}
