/** The memory disk keeps the contract of a disk, and loses what a power cut would take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { diskContractSuite } from './disk-contract-suite.ts';

diskContractSuite('memory disk', () => {
  const disk = new MemoryDisk();
  return { disk, settle: () => disk.settle(), close: () => {} };
});

const fine = (error: unknown): void => assert.equal(error, undefined);

test('a crash forgets what was not synced and keeps what was', () => {
  const disk = new MemoryDisk();
  disk.create('a', 4, fine);
  disk.writeDurably('a', 0, [Uint8Array.of(1)], fine);
  disk.settle();
  disk.write('a', 1, [Uint8Array.of(2)], fine);
  disk.settle();
  assert.deepEqual([...disk.read('a', 0, 4)], [1, 2, 0, 0]);
  disk.crash();
  assert.deepEqual([...disk.read('a', 0, 4)], [1, 0, 0, 0]);
});

test('a crash may keep any sectors of a write that was under way, and never calls back', () => {
  const disk = new MemoryDisk();
  disk.create('a', 1536, fine);
  disk.settle();
  let called = false;
  disk.writeDurably('a', 0, [new Uint8Array(1536).fill(7)], () => {
    called = true;
  });
  const draws = [false, true, false];
  disk.crash(() => draws.shift()!);
  disk.settle();
  assert.equal(called, false);
  const read = disk.read('a', 0, 1536);
  assert.deepEqual([read[0], read[511], read[512], read[1023], read[1024]], [0, 0, 7, 7, 0]);
});

test('a killed process leaves its writes readable, and the next power cut still takes them', () => {
  const disk = new MemoryDisk();
  disk.create('a', 4, fine);
  disk.settle();
  disk.writeDurably('a', 0, [Uint8Array.of(9)], fine);
  disk.kill();
  assert.equal(disk.read('a', 0, 1)[0], 9);
  disk.crash();
  assert.equal(disk.read('a', 0, 1)[0], 0);
});

test('a full disk and a failing sync say so', () => {
  const disk = new MemoryDisk({ capacityBytes: 100 });
  const kinds: (string | undefined)[] = [];
  disk.create('a', 101, (error) => kinds.push(error?.kind));
  disk.create('a', 90, (error) => kinds.push(error?.kind));
  disk.write('a', 90, [new Uint8Array(11)], (error) => kinds.push(error?.kind));
  disk.settle();
  disk.failOn('sync', 'failed');
  disk.writeDurably('a', 0, [Uint8Array.of(1)], (error) => kinds.push(error?.kind));
  disk.settle();
  assert.deepEqual(kinds, ['full', undefined, 'full', 'failed']);
});
