/** What a journal writes, gives back and removes, while nothing goes wrong but power cuts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecoveredLog } from '../../src/core/core.ts';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { appendEntries, entryRecord, IDENTITY, indexes, MEMBER, open } from './journal-harness.ts';

const META = { index: logIndex(4), epoch: epoch(2), membership: IDENTITY.foundingMembership };

test('a new journal holds the genesis, and its first life is number 1', () => {
  const { recovered, incarnation, tornBytes } = open(new MemoryDisk());
  assert.deepEqual(recovered, {
    hardState: undefined,
    snapshot: { index: 0, epoch: 0, membership: IDENTITY.foundingMembership },
    entries: [],
  });
  assert.deepEqual([incarnation, tornBytes], [1, 0]);
});

test('what was durable is recovered after a power cut, in order, with its bytes', () => {
  const disk = new MemoryDisk();
  const first = open(disk);
  first.journal.append(ticket(1), [{ kind: 'hardState', state: Uint8Array.of(1) }, entryRecord(1, 1)]);
  first.journal.append(ticket(2), [entryRecord(2, 1), { kind: 'hardState', state: Uint8Array.of(2) }]);
  first.journal.flush();
  disk.settle();
  assert.deepEqual(first.durable, [2]);
  disk.crash();
  const { recovered, incarnation } = open(disk);
  assert.deepEqual(indexes(recovered), [1, 2]);
  assert.deepEqual([...recovered.entries[1]!.payload], [2]);
  assert.deepEqual([...recovered.hardState!], [2]);
  assert.equal(incarnation, 2);
});

test('group commit: what is appended while a write runs becomes one more frame, not many', () => {
  const disk = new MemoryDisk();
  const opened = open(disk);
  const before = disk.syncs;
  for (let index = 1; index <= 50; index++) {
    opened.journal.append(ticket(index), [entryRecord(index, 1)]);
    opened.journal.flush();
  }
  disk.settle();
  assert.deepEqual(opened.durable, [1, 50]);
  assert.equal(disk.syncs - before, 2);
});

test('the incarnation rises with every start, also when nothing else was written', () => {
  const disk = new MemoryDisk();
  for (let life = 1; life <= 4; life++) {
    assert.equal(open(disk).incarnation, life);
    disk.crash();
  }
});

const indexAndTerm = (log: RecoveredLog) => log.entries.map((entry) => [entry.index, entry.epoch]);

test('an index written again cuts a Raft log there', () => {
  const disk = new MemoryDisk();
  const opened = open(disk);
  opened.journal.append(ticket(1), [
    entryRecord(1, 1),
    entryRecord(2, 1),
    entryRecord(3, 1),
    entryRecord(2, 2),
  ]);
  opened.journal.flush();
  disk.settle();
  disk.crash();
  assert.deepEqual(indexAndTerm(open(disk).recovered), [
    [1, 1],
    [2, 2],
  ]);
});

test('what was cut stays cut when the log is trimmed up to the cut', () => {
  const disk = new MemoryDisk();
  const opened = open(disk);
  opened.journal.append(ticket(1), [
    entryRecord(1, 1),
    entryRecord(2, 1),
    entryRecord(3, 1),
    entryRecord(2, 2),
  ]);
  opened.journal.trim({ ...META, index: logIndex(2) });
  disk.settle();
  disk.crash();
  assert.deepEqual(indexAndTerm(open(disk).recovered), []);
});

test('an index written again in a Paxos journal comes back twice, in order: the core decides', () => {
  const disk = new MemoryDisk();
  const identity = { ...IDENTITY, protocol: 'paxos' } as const;
  const opened = open(disk, { identity });
  opened.journal.append(ticket(1), [entryRecord(1, 1), entryRecord(2, 1), entryRecord(1, 2)]);
  opened.journal.flush();
  disk.settle();
  disk.crash();
  assert.deepEqual(indexAndTerm(open(disk, { identity }).recovered), [
    [1, 1],
    [2, 1],
    [1, 2],
  ]);
});

test('a snapshot record drops every entry before it, a trim only those at and below it', () => {
  const disk = new MemoryDisk();
  const opened = open(disk);
  appendEntries(opened, 1, 6);
  opened.journal.trim(META);
  disk.settle();
  disk.crash();
  const trimmed = open(disk);
  assert.deepEqual(trimmed.recovered.snapshot, META);
  assert.deepEqual(indexes(trimmed.recovered), [5, 6]);
  const snapshot = { ...META, index: logIndex(5) };
  trimmed.journal.append(ticket(1), [{ kind: 'snapshot', meta: snapshot }, entryRecord(6, 3)]);
  trimmed.journal.flush();
  disk.settle();
  disk.crash();
  const installed = open(disk);
  assert.deepEqual(installed.recovered.snapshot, snapshot);
  assert.deepEqual(
    installed.recovered.entries.map((entry) => [entry.index, entry.epoch]),
    [[6, 3]],
  );
});

test('segments follow one another, the next is ready in advance, and a trim removes the older ones', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, { segmentBytes: 4096 });
  opened.journal.append(ticket(1), [{ kind: 'hardState', state: Uint8Array.of(7) }]);
  for (let index = 2; index <= 40; index++) {
    opened.journal.append(ticket(index), [entryRecord(index, 1, new Uint8Array(400).fill(index))]);
    opened.journal.flush();
    disk.settle();
  }
  assert(opened.journal.segmentCount >= 4);
  assert(disk.paths().includes('journal/prepared') || opened.journal.segmentCount > 4);
  opened.journal.trim({ ...META, index: logIndex(39) });
  disk.settle();
  assert.equal(opened.journal.segmentCount, 1);
  disk.crash();
  const { recovered } = open(disk, { segmentBytes: 4096 });
  assert.deepEqual(indexes(recovered), [40]);
  assert.deepEqual([...recovered.hardState!], [7], 'the preamble repeats the hard state of removed segments');
  assert.equal(recovered.snapshot.index, 39);
});

test('an append larger than a segment gets a segment of its size', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, { segmentBytes: 4096 });
  opened.journal.append(ticket(1), [entryRecord(1, 1, new Uint8Array(20_000).fill(3))]);
  opened.journal.flush();
  disk.settle();
  disk.crash();
  const { recovered } = open(disk, { segmentBytes: 4096 });
  assert.deepEqual(recovered.entries[0]!.payload, new Uint8Array(20_000).fill(3));
});

test('close waits for what is queued, and nothing is lost by it', () => {
  const disk = new MemoryDisk();
  const opened = open(disk);
  appendEntries(opened, 1, 3);
  opened.journal.append(ticket(4), [entryRecord(4, 1)]);
  let closed = false;
  opened.journal.close(() => {
    closed = true;
    assert.deepEqual(opened.durable, [3, 4]);
  });
  assert.equal(closed, false);
  disk.settle();
  assert.equal(closed, true);
  disk.crash();
  assert.deepEqual(indexes(open(disk).recovered), [1, 2, 3, 4]);
});

test('close ends also when the disk fails while the next segment is made ready', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, { segmentBytes: 4096 });
  appendEntries(opened, 1, 1, 2500);
  // Written and synced; the next segment is on its way now.
  disk.settleSome(2);
  assert.deepEqual(opened.durable, [1]);
  disk.failOn('create', 'full');
  let closed = false;
  opened.journal.close(() => {
    closed = true;
  });
  assert.equal(closed, false);
  disk.settle();
  assert.equal(closed, true);
});

test('the first bytes of a journal are these', () => {
  const disk = new MemoryDisk();
  open(disk);
  const path = 'journal/0000000000000001.log';
  const hex = (offset: number, length: number) =>
    Buffer.from(disk.read(path, offset, length)).toString('hex');
  assert.equal(hex(0, 24), '53594e4a0101000042decade200000000100000000000000');
  assert.equal(hex(24, 8), '0100000000000000');
  // Identity: code 19, raft, the cluster, the member, one voter, no others; boot: code 20, life 1.
  assert.equal(hex(40, 32), `130100000000000000c1${MEMBER}01${MEMBER}0000001401`);
  assert.equal(hex(72, 8), '0000000000000000');
});
