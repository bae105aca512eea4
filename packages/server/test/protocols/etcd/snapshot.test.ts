/** Maintenance.Snapshot over a state of the test's making: form, pace and end of the stream. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { revision } from '@synod/coordination';
import type { StateBackup } from '@synod/coordination/service/service-api.ts';
import { parseHead } from '../../../src/backup/backup-format.ts';
import { type OpenStream, open, type Setup, setUp } from './fake-calls.ts';
import { type TableMessage, tableDecode } from './wire/table-codec.ts';

const NO_FIELDS = new Uint8Array(0);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class FakeBackup implements StateBackup {
  readonly kind = 'stateBackup';
  readonly index = 9;
  readonly revision = revision(5);
  readonly storedBytes = 1_000;
  readonly pieces: Uint8Array[];
  closed = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = [...pieces];
  }

  next(): Uint8Array | undefined {
    return this.pieces.shift();
  }

  close(): void {
    this.closed++;
  }
}

function begin(setup: Setup): OpenStream {
  const stream = open(setup, 'Maintenance/Snapshot');
  stream.listener.onMessage(NO_FIELDS);
  return stream;
}

const told = ({ call }: OpenStream): TableMessage[] =>
  call.messages.map((bytes) => tableDecode('etcdserverpb.SnapshotResponse', bytes));
const blobs = (stream: OpenStream): Buffer[] =>
  told(stream).map(({ blob }) => Buffer.from(blob as Uint8Array));

test('the blobs joined are a backup: head, image, tail and the digest of all of it', async () => {
  const setup = setUp();
  const backup = new FakeBackup([Buffer.alloc(600, 1), Buffer.alloc(500, 2)]);
  setup.service.backups.push(backup);
  const stream = begin(setup);
  while (stream.call.status === undefined) await turn();
  assert.equal(stream.call.status, 'OK');
  const whole = Buffer.concat(blobs(stream));
  assert.equal(whole.length, 512 + 1536 + 512 + 32);
  const head = parseHead(whole.subarray(0, 512));
  const { clusterId, memberId } = setup.service;
  assert.deepEqual(head, { ok: true, facts: { index: 9, revision: 5, clusterId, memberId } });
  assert.ok(createHash('sha256').update(whole.subarray(0, -32)).digest().equals(whole.subarray(-32)));
  const messages = told(stream);
  // Of the store's size; protobuf leaves a 0 out.
  assert.deepEqual(
    messages.map(({ remaining_bytes }) => remaining_bytes),
    [488n, 1n, 1n, undefined],
  );
  for (const { version, header } of messages) {
    assert.equal(version, '3.7.0');
    assert.equal((header as TableMessage)['revision'], 5n);
  }
  assert.equal(backup.closed, 1);
});

test('C18 a client that does not read is not sent more until it does', async () => {
  const setup = setUp();
  const backup = new FakeBackup(Array.from({ length: 10 }, () => Buffer.alloc(10)));
  setup.service.backups.push(backup);
  const stream = begin(setup);
  stream.call.flowing = false;
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(backup.pieces.length, 9, 'one piece was read before the stream was found full');
  stream.call.flowing = true;
  stream.listener.onDrain();
  while (stream.call.status === undefined) await turn();
  assert.equal(blobs(stream).length, 12);
});

test('a client that goes, and a member with too many already', async () => {
  const setup = setUp();
  const backup = new FakeBackup([Buffer.alloc(10), Buffer.alloc(10)]);
  setup.service.backups.push(backup);
  const stream = begin(setup);
  stream.listener.onCancel();
  await turn();
  assert.equal(backup.closed, 1);
  assert.equal(backup.pieces.length, 2);
  assert.match(String(begin(setup).call.status), /too many requests/);
});
