/** A snapshot file is made in turns, at the disk's pace, and named only when it reads back whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleMembership } from '../../src/core/membership.ts';
import { epoch, logIndex, memberId } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { SNAPSHOT_BYTES_PER_SYNC, SNAPSHOT_WRITING_BYTES_MAX } from '../../src/replica/limits.ts';
import type { StateImage } from '../../src/replica/ports.ts';
import { SnapshotProduction, type SnapshotWritten } from '../../src/replica/snapshot-production.ts';
import { readWholeFile, type SealResult, sealSnapshotFile } from '../../src/replica/snapshot-seal.ts';

const PIECE_BYTES = 64 * 1024;

const META = {
  index: logIndex(9),
  epoch: epoch(2),
  membership: simpleMembership({ voters: [memberId('00000000000000a1')], learners: [] }),
};

class Bench {
  readonly disk = new MemoryDisk();
  readonly jobs: (() => void)[] = [];
  /** Time passes only where a test lets it. */
  ms = 0;
  readonly clock = { nowMs: () => this.ms, defer: (job: () => void) => this.jobs.push(job) };
  taken = 0;
  closes = 0;
  result: SealResult | undefined;
  written: SnapshotWritten | undefined;
  /** How long it takes to read a piece. */
  pieceMs = 0;

  begin(pieces: number): void {
    const image: StateImage = {
      index: META.index,
      next: () => {
        if (this.taken >= pieces) return undefined;
        this.ms += this.pieceMs;
        return new Uint8Array(PIECE_BYTES).fill(++this.taken);
      },
      close: () => {
        this.closes++;
      },
    };
    new SnapshotProduction(this, image, META, (result, written) => {
      this.result = result;
      this.written = written;
    });
  }

  turn(): void {
    for (const job of this.jobs.splice(0)) job();
  }

  settle(): void {
    while (this.jobs.length > 0 || !this.disk.isIdle) {
      this.disk.settle();
      this.turn();
    }
  }
}

test('a file is written in turns, no faster than the disk takes it, and syncs on the way', () => {
  const bench = new Bench();
  const pieces = (3 * SNAPSHOT_BYTES_PER_SYNC) / PIECE_BYTES;
  bench.begin(pieces);
  bench.disk.settleSome(2);
  for (let i = 0; i < 1_000; i++) bench.turn();
  assert(
    bench.taken * PIECE_BYTES <= SNAPSHOT_WRITING_BYTES_MAX + PIECE_BYTES,
    'the image waits for the disk',
  );
  bench.settle();
  assert.equal(bench.result?.kind, 'sealed');
  assert.equal(bench.disk.syncs, 4);
  assert.equal(bench.closes, 1);
  let bytes = 0;
  readWholeFile(bench, 'snapshot/0000000000000009.snap', {
    piece: (piece) => {
      bytes += piece.length;
    },
    end: (meta) => assert.deepEqual(meta, META),
    failed: (failure) => assert.fail(JSON.stringify(failure)),
  });
  bench.settle();
  assert.equal(bytes, pieces * PIECE_BYTES);
});

test('a disk that fills up ends the production with that reason, and the image is let go', () => {
  const bench = new Bench();
  bench.disk.capacityBytes = 5 * PIECE_BYTES;
  bench.begin(20);
  bench.settle();
  assert(bench.result?.kind === 'disk' && bench.result.error.kind === 'full');
  assert.equal(bench.closes, 1);
});

test('a file that reads back wrong is not given its name', () => {
  const bench = new Bench();
  const part = 'snapshot/0000000000000009.snap.received.part';
  bench.disk.create(part, 100, () => {});
  bench.disk.settle();
  sealSnapshotFile(bench, part, (result) => {
    bench.result = result;
  });
  bench.settle();
  assert.deepEqual(bench.result, { kind: 'malformed', detail: 'not a snapshot file' });
  assert.deepEqual(bench.disk.list('snapshot'), ['0000000000000009.snap.received.part']);
});

test('what it tells of its time: encoding alone, and the last sync alone', () => {
  const bench = new Bench();
  bench.pieceMs = 3;
  bench.begin(4);
  while (bench.written === undefined) {
    // The disk takes a while for everything, of which only the last sync counts.
    bench.ms += 10;
    bench.disk.settleSome(1);
    bench.turn();
  }
  assert.equal(bench.written.encodingMs, 12);
  assert(bench.result?.kind === 'sealed');
  assert.equal(bench.result.syncMs, 10);
  assert.equal(bench.written.bytes, bench.disk.size(bench.result.path));
});
