/** The bytes of a snapshot file, and that no changed one passes for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { epoch, logIndex, memberId } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { SnapshotFileEncoder, SnapshotFileReader } from '../../src/journal/snapshot-file.ts';

const IDS = [1, 2, 3, 4].map((digit) => memberId(`000000000000000${digit}`));

const META = {
  index: logIndex(300),
  epoch: epoch(2),
  membership: {
    voters: [IDS[0]!, IDS[1]!],
    outgoingVoters: [IDS[0]!],
    learners: [IDS[2]!],
    learnersNext: [IDS[3]!],
  },
};

function file(pieces: readonly Uint8Array[]): Uint8Array {
  const encoder = new SnapshotFileEncoder();
  const parts = [encoder.header(META), ...pieces.map((piece) => encoder.piece(piece)), encoder.footer()];
  const whole = Buffer.concat(parts);
  assert.equal(whole.length, encoder.offset);
  return whole;
}

function readAll(bytes: Uint8Array): { meta: unknown; content: Buffer } {
  const disk = new MemoryDisk();
  disk.create('a', 0, () => {});
  disk.writeDurably('a', 0, [bytes], () => {});
  disk.settle();
  const reader = new SnapshotFileReader(disk, 'a');
  const chunks: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) chunks.push(chunk);
  return { meta: reader.meta, content: Buffer.concat(chunks) };
}

test('pitfall 28 a snapshot file gives back its meta, membership included, and its bytes', () => {
  const pieces = [Uint8Array.of(1, 2, 3), new Uint8Array(3_000_000).fill(7), Uint8Array.of(9)];
  const { meta, content } = readAll(file(pieces));
  assert.deepEqual(meta, META);
  assert(content.equals(Buffer.concat(pieces)));
});

test('the first and last bytes of a snapshot file are these', () => {
  const bytes = Buffer.from(file([Uint8Array.of(0xab)]));
  assert.equal(bytes.subarray(0, 12).toString('hex'), '53594e53010000002f000000');
  assert.equal(bytes.subarray(16, 19).toString('hex'), 'ac0202');
  assert.equal(bytes.subarray(63, 67).toString('hex'), '01000000');
  assert.equal(bytes[71], 0xab);
  assert.equal(bytes.subarray(72, 76).toString('hex'), '00000000');
  assert.equal(bytes.subarray(80, 88).toString('hex'), '5c00000000000000');
  assert.equal(bytes.length, 92);
});

test('a snapshot file with any bit flipped, or cut anywhere, is refused', () => {
  const bytes = file([Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6)]);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice();
    flipped[at]! ^= 0x10;
    assert.throws(() => readAll(flipped), MalformedBytes, `byte ${at}`);
    assert.throws(() => readAll(bytes.slice(0, at)), MalformedBytes, `cut at ${at}`);
  }
  assert.throws(() => readAll(Buffer.concat([bytes, Uint8Array.of(0)])), MalformedBytes);
});

test('two sound chunks in the wrong order are refused by the sum of the whole', () => {
  const bytes = file([Uint8Array.of(1), Uint8Array.of(2)]);
  const swapped = bytes.slice();
  swapped.set(bytes.subarray(63, 72), 72);
  swapped.set(bytes.subarray(72, 81), 63);
  assert.throws(() => readAll(swapped), /as a whole/);
});

test('an empty state is a file too', () => {
  assert.equal(readAll(file([])).content.length, 0);
});
