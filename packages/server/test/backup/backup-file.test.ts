/** A backup that is damaged, cut off, or none: said so, with what to do, and nothing is made of it. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createMachine, MemoryBackend } from '@synod/coordination';
import { BackupWriter, BLOCK_BYTES } from '../../src/backup/backup-format.ts';
import { runClientCommand } from '../../src/cli/client/run-client-command.ts';
import { RecordedTerminal, run } from '../cli/client/recorded-terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'synod-backup-'));
after(() => rmSync(directory, { recursive: true }));

const HEAD = { index: 3, revision: 1, clusterId: '00000000000000c1', memberId: '00000000000000a1' };

/** Of a state that holds nothing yet. */
function wholeBackup(): Buffer {
  const machine = createMachine({
    backend: new MemoryBackend(),
    founders: [],
    outputs: {
      result() {},
      events() {},
      compacted() {},
      leaseChanged() {},
      authChanged() {},
      membersChanged() {},
      restored() {},
    },
  });
  const image = machine.capture();
  const writer = new BackupWriter();
  const parts = [writer.begin(HEAD)];
  for (let piece = image.next(); piece !== undefined; piece = image.next()) parts.push(writer.add(piece));
  parts.push(writer.end());
  image.close();
  return Buffer.concat(parts);
}

const whole = wholeBackup();
let files = 0;

function fileWith(bytes: Uint8Array): string {
  const path = join(directory, `${files++}.db`);
  writeFileSync(path, bytes);
  return path;
}

function changedAt(offset: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[offset]! ^= 1;
  return bytes;
}

test('a whole one: its facts, in every format', async () => {
  const path = fileWith(whole);
  const { code, stdout } = await run(['snapshot', 'status', path]);
  assert.equal(code, 0);
  assert.match(stdout, /^[0-9a-f]+, 1, \d+, 1\.\d kB\n$/);
  const json = await run(['snapshot', 'status', path, '-w', 'json']);
  const facts = JSON.parse(json.stdout) as Record<string, number>;
  assert.deepEqual(Object.keys(facts), ['hash', 'revision', 'totalKey', 'totalSize']);
  assert.equal(facts['totalSize'], whole.length);
  assert.match((await run(['snapshot', 'status', path, '-w', 'table'])).stdout, /TOTAL KEYS/);
  assert.equal(whole.length % BLOCK_BYTES, 32, 'where clients of etcd look for a digest');
});

const imageBytes = JSON.parse(
  whole
    .subarray(-BLOCK_BYTES - 32)
    .toString()
    .split('\n')[0]!,
).imageBytes as number;
const DAMAGED: readonly (readonly [what: string, bytes: Uint8Array, words: RegExp])[] = [
  ['something else', Buffer.from('hello\n'), /is no backup of Synod/],
  ['nothing', Buffer.alloc(0), /is no backup of Synod/],
  [
    'a byte of the image',
    changedAt(BLOCK_BYTES + imageBytes - 2),
    /is damaged: its SHA-256 is not that of its \d+ bytes/,
  ],
  ['a byte of the digest', changedAt(whole.length - 1), /is damaged: its SHA-256/],
  ['a byte of the filling', changedAt(BLOCK_BYTES + imageBytes + 1), /is damaged: its SHA-256/],
  ['cut off in the image', whole.subarray(0, BLOCK_BYTES + 10), /was cut off, or has a damaged last block/],
  ['cut off in the digest', whole.subarray(0, whole.length - 1), /was cut off|where it should have/],
  [
    'of a later version',
    Buffer.from(whole.toString('latin1').replace('"version":1', '"version":2'), 'latin1'),
    /is of version 2, and this version of Synod reads 1/,
  ],
  [
    'with bytes behind its end',
    Buffer.concat([whole, whole.subarray(-32)]),
    /was cut off|where it should have/,
  ],
];
for (const [what, bytes, words] of DAMAGED)
  test(`${what}: status and restore say so`, async () => {
    const path = fileWith(bytes);
    const status = await run(['snapshot', 'status', path]);
    assert.deepEqual([status.code, status.stdout], [1, '']);
    assert.match(status.stderr, words);
    const target = `${path}.etcd`;
    const restored = await run(['snapshot', 'restore', path, '--data-dir', target]);
    assert.equal(restored.code, 1);
    assert.match(restored.stderr, words);
    assert.equal(existsSync(target), false);
  });

test('a damaged image is seen without the digest, too, and leaves no data directory', async () => {
  // The first byte of the image is its version.
  const path = fileWith(changedAt(BLOCK_BYTES));
  const target = `${path}.etcd`;
  const { code, stderr } = await run([
    'snapshot',
    'restore',
    path,
    '--data-dir',
    target,
    '--skip-hash-check',
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /is damaged: an image of version 0/);
  assert.equal(existsSync(target), false);
});

test('what a killed restoration left goes, and no half of one ever has the directory’s name', async () => {
  const path = fileWith(whole);
  const target = `${path}.etcd`;
  mkdirSync(`${target}.part/journal`, { recursive: true });
  writeFileSync(`${target}.part/state.lmdb`, 'half');
  mkdirSync(target);
  assert.equal((await run(['snapshot', 'restore', path, '--data-dir', target])).code, 0);
  assert.equal(existsSync(`${target}.part`), false);
  assert.deepEqual(
    readdirSync(target).filter((name) => name === 'journal' || name === 'state.lmdb'),
    ['journal', 'state.lmdb'],
  );
});

test('members on the same machine go first', async () => {
  const path = fileWith(whole);
  for (const line of [
    ['status', path],
    ['restore', path, '--data-dir', `${path}.etcd`],
  ]) {
    const terminal = new RecordedTerminal();
    assert.equal(await runClientCommand(['snapshot', ...line], {}, terminal), 0);
    assert.equal(terminal.gaveWay, true, line[0]);
  }
});

test('wrong arguments of a restoration', async () => {
  const path = fileWith(whole);
  const line = (...more: string[]) => run(['snapshot', 'restore', path, '--data-dir', `${path}.x`, ...more]);
  assert.match((await line('--bump-revision', '5')).stderr, /go together: give both, or neither/);
  assert.match((await line('--mark-compacted')).stderr, /go together/);
  assert.match((await line('--name', 'm9')).stderr, /couldn't find local name "m9" in the initial cluster/);
  assert.match((await line('--consensus', 'zab')).stderr, /--consensus is raft or paxos \(it is "zab"\)/);
  assert.match((await run(['snapshot', 'restore'])).stderr, /requires exactly one argument/);
  assert.match((await run(['snapshot', 'status', '/no/such'])).stderr, /could not open \/no\/such/);
  assert.equal((await line()).code, 0);
  assert.match((await line()).stderr, /not empty or could not be read/);
  assert.ok(readFileSync(path).equals(whole));
});
