/** RangeStream on a real state machine: its pieces joined are what Range answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { call, NO_ACCOUNTS, OPTIONS, type OpenStream, open, type Setup } from './fake-calls.ts';
import { LocalService } from './local-service.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

const KEYS = 2_500;

function setUpWithKeys(count = KEYS, valueLength = 3): Setup & { readonly service: LocalService } {
  const service = new LocalService();
  const setup = { service, protocol: etcdProtocol(service, OPTIONS, NO_ACCOUNTS) };
  for (let at = 0; at < count; at++) put(setup, `k${String(at).padStart(5, '0')}`, valueLength);
  return setup;
}

function put(setup: Setup, name: string, valueLength: number): void {
  const fields = { key: Buffer.from(name), value: Buffer.alloc(valueLength, 1) };
  call(setup, 'KV/Put', ['etcdserverpb.PutRequest', fields]);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ALL = { key: Buffer.from('k'), range_end: Buffer.from('l') };

const request = (fields: TableMessage): Uint8Array => tableEncode('etcdserverpb.RangeRequest', fields);

function begin(setup: Setup, fields: TableMessage): OpenStream {
  const stream = open(setup, 'KV/RangeStream');
  stream.listener.onMessage(request(fields));
  return stream;
}

const pieces = ({ call: { messages } }: OpenStream): TableMessage[] =>
  messages.map(
    (bytes) => tableDecode('etcdserverpb.RangeStreamResponse', bytes)['range_response'] as TableMessage,
  );

async function whole(setup: Setup, fields: TableMessage): Promise<TableMessage[]> {
  const stream = begin(setup, fields);
  while (stream.call.status === undefined) await settled();
  assert.equal(stream.call.status, 'OK');
  return pieces(stream);
}

/** As protobuf merges messages: lists are joined, the rest is replaced. */
function merged(all: readonly TableMessage[]): TableMessage {
  const kvs = all.flatMap((piece) => (piece['kvs'] as readonly TableMessage[] | undefined) ?? []);
  const joined: Record<string, TableMessage[string]> = Object.assign({}, ...all);
  if (kvs.length > 0) joined['kvs'] = kvs;
  return joined;
}

async function rangeOf(setup: Setup, fields: TableMessage): Promise<TableMessage> {
  const answer = call(setup, 'KV/Range', ['etcdserverpb.RangeRequest', fields]);
  while (answer.answers.length === 0) await settled();
  return answer.decoded('etcdserverpb.RangeResponse');
}

test('the pieces joined are what Range answers, with every option that can be streamed', async () => {
  const setup = setUpWithKeys();
  call(setup, 'KV/DeleteRange', [
    'etcdserverpb.DeleteRangeRequest',
    { key: Buffer.from('k01000'), range_end: Buffer.from('k01200') },
  ]);
  const requests: readonly TableMessage[] = [
    ALL,
    { ...ALL, limit: 7n },
    { ...ALL, limit: 2300n },
    { ...ALL, limit: 5000n },
    { ...ALL, revision: 500n },
    { ...ALL, revision: 500n, limit: 100n },
    { ...ALL, keys_only: true },
    { ...ALL, count_only: true },
    { ...ALL, sort_order: 1n },
    { key: Buffer.from('k00007') },
    { key: Buffer.from('nobody') },
    { key: Buffer.from('k02000'), range_end: Buffer.from('\0') },
    { ...ALL, serializable: true },
  ];
  for (const fields of requests)
    assert.deepEqual(
      merged(await whole(setup, fields)),
      await rangeOf(setup, fields),
      JSON.stringify(Object.keys(fields)),
    );
});

test('only the last piece has a header, and no piece is larger than a request may be by more than a record', async () => {
  const setup = setUpWithKeys(40, 100_000);
  const all = await whole(setup, ALL);
  assert.ok(all.length > 2);
  assert.deepEqual(
    all.map((piece) => piece['header'] !== undefined),
    [...Array(all.length - 1).fill(false), true],
  );
  for (const piece of all) assert.ok(((piece['kvs'] as readonly unknown[]) ?? []).length <= 16);
});

test('C6 all pieces are of one revision, whatever is written meanwhile', async () => {
  const setup = setUpWithKeys();
  const before = await rangeOf(setup, ALL);
  const stream = begin(setup, ALL);
  put(setup, 'k00000', 9);
  put(setup, 'k02499', 9);
  put(setup, 'kk', 9);
  while (stream.call.status === undefined) await settled();
  assert.deepEqual(merged(pieces(stream)), before);
});

test('a compaction meanwhile ends the stream with etcd’s error', async () => {
  const setup = setUpWithKeys();
  const stream = begin(setup, ALL);
  put(setup, 'k00000', 9);
  call(setup, 'KV/Compact', ['etcdserverpb.CompactionRequest', { revision: BigInt(KEYS + 2) }]);
  while (stream.call.status === undefined) await settled();
  assert.equal(stream.call.status, '11 etcdserver: mvcc: required revision has been compacted');
});

test('C18 a client that does not read is read nothing for until it does', async () => {
  const setup = setUpWithKeys();
  const stream = open(setup, 'KV/RangeStream');
  stream.call.flowing = false;
  stream.listener.onMessage(request(ALL));
  for (let turn = 0; turn < 20; turn++) await settled();
  assert.equal(stream.call.messages.length, 1);
  stream.call.flowing = true;
  stream.listener.onDrain();
  while (stream.call.status === undefined) await settled();
  assert.deepEqual(merged(pieces(stream)), await rangeOf(setup, ALL));
});

test('what cannot be streamed or is wrong is refused', async () => {
  const setup = setUpWithKeys(3);
  const refusal = (fields: TableMessage): string | undefined => begin(setup, fields).call.status;
  const cannot =
    '12 etcdserver: a range with a sort order or bounds of revisions cannot be streamed; use Range';
  assert.equal(refusal({ ...ALL, sort_order: 2n }), cannot);
  assert.equal(refusal({ ...ALL, sort_target: 3n }), cannot);
  assert.equal(refusal({ ...ALL, min_mod_revision: 2n }), cannot);
  assert.equal(refusal({}), '3 etcdserver: key is not provided');
  assert.equal(refusal({ ...ALL, sort_order: 9n }), '3 etcdserver: invalid sort option');
  assert.equal(
    refusal({ ...ALL, revision: 99n }),
    '11 etcdserver: mvcc: required revision is a future revision',
  );
});
