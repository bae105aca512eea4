/** Range over many keys: what it answers is what the state machine says in one go, and it never reads much at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure, PageQuery, PageResult } from '@synod/coordination';
import type { Completion, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import fc from 'fast-check';
import { etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { RANGE_PIECE_RECORDS_MAX } from '../../../src/protocols/etcd/limits.ts';
import { decodeRangeRequest } from '../../../src/protocols/etcd/messages/range.ts';
import { rangeQueryOf } from '../../../src/protocols/etcd/neutral-commands.ts';
import { ProtobufReader } from '../../../src/protocols/etcd/protobuf/reader.ts';
import { call, type FakeUnaryCall, NO_ACCOUNTS, OPTIONS, type Setup } from './fake-calls.ts';
import { LocalService } from './local-service.ts';
import { type TableMessage, tableEncode } from './wire/table-codec.ts';

/** Remembers how much each piece read. */
class CountingService extends LocalService {
  readonly pieces: number[] = [];
  /** Before a piece is read. */
  onPage: (() => void) | undefined;

  override page(
    query: PageQuery,
    linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
  ): void {
    this.onPage?.();
    super.page(query, linearizable, {
      complete: (result) => {
        if (result.kind === 'page') this.pieces.push(result.records.length);
        completion.complete(result);
      },
    });
  }
}

interface Filled extends Setup {
  readonly service: CountingService;
}

const nameOf = (at: number): Buffer => Buffer.from(`k${String(at).padStart(5, '0')}`);
const ALL = { key: Buffer.from('k'), range_end: Buffer.from('l') };

/** Keys of different ages and versions, with gaps where some were deleted. */
function filled(count: number): Filled {
  const service = new CountingService();
  const setup = { service, protocol: etcdProtocol(service, OPTIONS, NO_ACCOUNTS) };
  const put = (at: number, value: string): unknown =>
    call(setup, 'KV/Put', ['etcdserverpb.PutRequest', { key: nameOf(at), value: Buffer.from(value) }]);
  for (let at = 0; at < count; at++) put((at * 7) % count, `v${(at * 13) % 50}`);
  for (let at = 0; at < count; at += 5) put(at, 'again');
  const gap = { key: nameOf(Math.floor(count / 2)), range_end: nameOf(Math.floor(count / 2) + 40) };
  call(setup, 'KV/DeleteRange', ['etcdserverpb.DeleteRangeRequest', gap]);
  return setup;
}

const ask = (setup: Setup, fields: TableMessage): FakeUnaryCall =>
  call(setup, 'KV/Range', ['etcdserverpb.RangeRequest', fields]);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function answered(asked: FakeUnaryCall): Promise<FakeUnaryCall> {
  while (asked.answers.length === 0) await turn();
  return asked;
}

/** The records' keys and values, whether there are more, and the count: as the call answered, and as the machine says. */
async function bothAnswers(setup: Filled, fields: TableMessage): Promise<readonly [unknown, unknown]> {
  const answer = (await answered(ask(setup, fields))).decoded('etcdserverpb.RangeResponse');
  const reader = new ProtobufReader();
  reader.open(tableEncode('etcdserverpb.RangeRequest', fields));
  const query = rangeQueryOf(decodeRangeRequest(reader));
  reader.close();
  const whole = setup.service.machine.range(query);
  assert.ok(whole.kind === 'range');
  const kvs = (answer['kvs'] as readonly TableMessage[] | undefined) ?? [];
  const text = (bytes: unknown): string => Buffer.from((bytes as Uint8Array | undefined) ?? []).toString();
  return [
    {
      revision: (answer['header'] as TableMessage)['revision'],
      records: kvs.map(({ key, value, mod_revision }) => [text(key), text(value), mod_revision]),
      more: answer['more'] === true,
      count: Number(answer['count'] ?? 0),
    },
    {
      revision: BigInt(whole.revision),
      records: whole.records.map((record) => [record.key, text(record.value), BigInt(record.modRevision)]),
      more: whole.more,
      count: whole.count,
    },
  ];
}

const KEYS = 2_600;
const shared = filled(KEYS);
const REVISION_MAX = shared.service.machine.revision;

test('with any options the answer is the state machine’s own', async () => {
  const revisions = fc.bigInt({ min: 0n, max: BigInt(REVISION_MAX) });
  const rarely = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
    fc.option(arbitrary, { nil: undefined, freq: 3 });
  const anyRange = fc.record({
    key: fc.nat(KEYS).map(nameOf),
    range_end: fc.oneof(fc.nat(KEYS).map(nameOf), fc.constant(Buffer.from('\0'))),
    limit: rarely(fc.oneof(fc.bigInt(1n, 3_000n), fc.constantFrom(200n, 201n, 1_200n, BigInt(KEYS)))),
    revision: rarely(revisions),
    sort_order: rarely(fc.bigInt(0n, 2n)),
    sort_target: rarely(fc.bigInt(0n, 4n)),
    keys_only: rarely(fc.boolean()),
    count_only: rarely(fc.boolean()),
    min_mod_revision: rarely(revisions),
    max_create_revision: rarely(revisions),
  });
  await fc.assert(
    fc.asyncProperty(anyRange, async (drawn) => {
      const fields = Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined));
      const [told, expected] = await bothAnswers(shared, fields as TableMessage);
      assert.deepEqual(told, expected);
    }),
    { numRuns: 150 },
  );
});

test('no piece is longer than its limit, and others have their turn between two', async () => {
  const setup = filled(4_000);
  const asked = ask(setup, { ...ALL, sort_target: 4n });
  const pieces: number[] = [];
  let turns = 0;
  for (; asked.answers.length === 0; turns++) {
    pieces.push(setup.service.pieces.length);
    await turn();
  }
  assert.ok(turns >= 5, `${turns} turns`);
  for (let at = 1; at < pieces.length; at++)
    assert.ok(pieces[at]! - pieces[at - 1]! <= 1, 'at most one piece a turn');
  assert.ok(Math.max(...setup.service.pieces) <= RANGE_PIECE_RECORDS_MAX);
});

test('C6 all of an answer is of one revision, whatever is written meanwhile', async () => {
  const setup = filled(KEYS);
  const [, before] = await bothAnswers(setup, ALL);
  const asked = ask(setup, ALL);
  assert.equal(asked.answers.length, 0);
  call(setup, 'KV/DeleteRange', ['etcdserverpb.DeleteRangeRequest', ALL]);
  const answer = (await answered(asked)).decoded('etcdserverpb.RangeResponse');
  const { revision, records } = before as { readonly revision: bigint; readonly records: readonly unknown[] };
  assert.equal((answer['header'] as TableMessage)['revision'], revision);
  assert.equal((answer['kvs'] as readonly unknown[]).length, records.length);
});

function compactTo(setup: Filled, revision: number): void {
  call(setup, 'KV/Compact', ['etcdserverpb.CompactionRequest', { revision: BigInt(revision) }]);
}

test('the present that is compacted meanwhile is read anew', async () => {
  const setup = filled(KEYS);
  const asked = ask(setup, ALL);
  const extra = { key: Buffer.from('k99999'), value: Buffer.from('new') };
  call(setup, 'KV/Put', ['etcdserverpb.PutRequest', extra]);
  compactTo(setup, setup.service.machine.revision);
  const answer = (await answered(asked)).decoded('etcdserverpb.RangeResponse');
  assert.equal((answer['header'] as TableMessage)['revision'], BigInt(setup.service.machine.revision));
  assert.deepEqual((answer['kvs'] as readonly TableMessage[]).at(-1)?.['key'], extra.key);
});

test('where compaction overtakes it again and again it is read in one go', async () => {
  const setup = filled(KEYS);
  setup.service.onPage = () => {
    call(setup, 'KV/Put', ['etcdserverpb.PutRequest', { key: Buffer.from('other') }]);
    compactTo(setup, setup.service.machine.revision);
  };
  const answer = (await answered(ask(setup, ALL))).decoded('etcdserverpb.RangeResponse');
  assert.equal((answer['kvs'] as readonly unknown[]).length, KEYS - 40);
});

test('a past that is compacted meanwhile is gone, as etcd says', async () => {
  const setup = filled(KEYS);
  const asked = ask(setup, { ...ALL, revision: BigInt(KEYS) });
  compactTo(setup, setup.service.machine.revision);
  assert.equal((await answered(asked)).answer, '11 etcdserver: mvcc: required revision has been compacted');
});

test('nothing is read for a client that is gone', async () => {
  const setup = filled(KEYS);
  const asked = ask(setup, ALL);
  asked.onCancel!('cancelledByClient');
  for (let at = 0; at < 10; at++) await turn();
  assert.equal(setup.service.pieces.length, 1);
  assert.equal(asked.answers.length, 0);
});
