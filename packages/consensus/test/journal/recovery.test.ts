/** Recovery tells a torn tail from damage, and says what to do; a disk that fails ends the journal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../src/checksum/crc32c.ts';
import { clusterId, epoch, GROUP_ZERO, logIndex, memberId, ticket } from '../../src/core/numbers.ts';
import { frameBytes, readFrameHeader, sealFrame } from '../../src/journal/frame.ts';
import { describeJournalError } from '../../src/journal/journal-error.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { appendEntries, entryRecord, IDENTITY, indexes, open, openError, SALT } from './journal-harness.ts';

const FIRST = 'journal/0000000000000001.log';

/** Where each frame of a segment begins. */
function frameOffsets(disk: MemoryDisk, path: string): number[] {
  const bytes = disk.read(path, 0, disk.size(path)!);
  const offsets: number[] = [];
  for (let offset = 0; ; ) {
    const header = readFrameHeader(bytes, offset);
    if (header === undefined) return offsets;
    offsets.push(offset);
    offset += frameBytes(header.payloadBytes);
  }
}

/** A journal of one segment with `count` frames of one entry each, its owner gone. */
function written(count: number): MemoryDisk {
  const disk = new MemoryDisk();
  const opened = open(disk);
  for (let index = 1; index <= count; index++) {
    appendEntries(opened, index, index, 600);
    disk.settle();
  }
  disk.crash();
  return disk;
}

test('a torn last frame is cut, reported in bytes, and the journal goes on', () => {
  const disk = written(3);
  const opened = open(disk);
  appendEntries(opened, 4, 4, 2000);
  const draws = [true, false, true, true];
  disk.crash(() => draws.shift() ?? false);
  const again = open(disk);
  assert(again.tornBytes > 0);
  assert.deepEqual(indexes(again.recovered), [1, 2, 3]);
  appendEntries(again, 4, 5, 600);
  disk.settle();
  disk.crash();
  const last = open(disk);
  assert.equal(last.tornBytes, 0, 'the cut left zeros behind');
  assert.deepEqual(indexes(last.recovered), [1, 2, 3, 4, 5]);
});

test('pitfall 29 a flipped bit in any frame but the last refuses to start, and says where', () => {
  const offsets = frameOffsets(written(4), FIRST);
  for (const [position, offset] of offsets.slice(0, -1).entries())
    for (const within of [0, 16, 33, 38, 45]) {
      const disk = written(4);
      disk.corrupt(FIRST, offset + within);
      const error = openError(disk);
      assert.equal(error.kind, 'damaged');
      assert(error.kind === 'damaged' && error.path === FIRST);
      assert.equal(error.offset, position === 0 ? 0 : offset);
      assert.match(
        describeJournalError(error),
        /damaged in journal\/0{15}1\.log at offset \d+: .*Restore this member/,
      );
    }
});

test('pitfall 29 damage at the end of a segment that is not the last refuses to start', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, { segmentBytes: 4096 });
  for (let index = 1; index <= 12; index++) {
    appendEntries(opened, index, index, 900);
    disk.settle();
  }
  disk.crash();
  const lastOfFirst = frameOffsets(disk, FIRST).at(-1)!;
  disk.corrupt(FIRST, lastOfFirst + 50);
  const error = openError(disk, { segmentBytes: 4096 });
  assert(error.kind === 'damaged' && error.path === FIRST && error.offset === lastOfFirst);
});

test('pitfall 29 a missing segment, and a first frame that is unsound, refuse to start', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, { segmentBytes: 4096 });
  for (let index = 1; index <= 20; index++) {
    appendEntries(opened, index, index, 900);
    disk.settle();
  }
  disk.crash();
  const segments = disk.list('journal').filter((name) => name.endsWith('.log'));
  assert(segments.length > 3);
  disk.remove(`journal/${segments[1]}`, () => {});
  disk.settle();
  assert.equal(openError(disk, { segmentBytes: 4096 }).kind, 'damaged');

  const small = written(0);
  small.corrupt(FIRST, 45);
  assert.equal(openError(small).kind, 'damaged', 'unreadable is not empty');
});

test('a flipped bit in the last frame is taken for a torn one: the limit that the page on durability names', () => {
  const disk = written(4);
  disk.corrupt(FIRST, frameOffsets(disk, FIRST).at(-1)! + 50);
  const { recovered, tornBytes } = open(disk);
  assert.deepEqual(indexes(recovered), [1, 2, 3]);
  assert(tornBytes > 600);
});

test('bytes in a value that look like a later frame do not turn a torn tail into damage', () => {
  const forged = new Uint8Array(frameBytes(0));
  // All that a client can know; the salt it must guess.
  sealFrame(forged, {
    kind: 'records',
    group: GROUP_ZERO,
    salt: SALT + 1,
    sequence: 1_000,
    incarnation: 1,
    payloadBytes: 0,
  });
  const payload = new Uint8Array(1200);
  // One byte more than its length apart, so that some copy lies where a frame may begin.
  for (let at = 0; at + forged.length <= payload.length; at += forged.length + 1) payload.set(forged, at);
  const disk = written(2);
  const opened = open(disk);
  opened.journal.append(ticket(3), [entryRecord(3, 1, payload)]);
  opened.journal.flush();
  let sector = 0;
  disk.crash(() => sector++ !== 0);
  assert.deepEqual(indexes(open(disk).recovered), [1, 2]);
});

test('a killed process may leave frames that are read but not durable: they are made so before they count', () => {
  // Among these sizes are some that leave no room for the next life's own first frame, whose sync would do it too.
  for (let payloadBytes = 3880; payloadBytes < 4000; payloadBytes += 8) {
    const disk = new MemoryDisk();
    const opened = open(disk, { segmentBytes: 4096 });
    appendEntries(opened, 1, 1, payloadBytes);
    disk.kill();
    const recovered = indexes(open(disk, { segmentBytes: 4096 }).recovered);
    disk.crash();
    assert.deepEqual(indexes(open(disk, { segmentBytes: 4096 }).recovered), recovered);
  }
});

test('another cluster, another member and another protocol are refused, each by name', () => {
  const disk = written(1);
  const other = clusterId('00000000000000c2');
  const cases = [
    {
      identity: { ...IDENTITY, clusterId: other },
      kind: 'wrongCluster',
      words: /belongs to cluster 00000000000000c1, not 00000000000000c2/,
    },
    {
      identity: { ...IDENTITY, memberId: memberId('00000000000000a9') },
      kind: 'wrongMember',
      words: /belongs to member 00000000000000a1/,
    },
    {
      identity: { ...IDENTITY, protocol: 'paxos' as const },
      kind: 'wrongProtocol',
      words: /Start with --consensus raft/,
    },
  ];
  for (const { identity, kind, words } of cases) {
    const error = openError(disk, { identity });
    assert.equal(error.kind, kind);
    assert.match(describeJournalError(error), words);
  }
});

test('a newer format is refused, not cut off as a torn tail', () => {
  const disk = written(2);
  const last = frameOffsets(disk, FIRST).at(-1)!;
  const header = readFrameHeader(disk.read(FIRST, last, 40), 0)!;
  const newer = new Uint8Array(40);
  sealFrame(newer, { ...header, sequence: header.sequence + 1, payloadBytes: 0 });
  newer[4] = 9;
  new DataView(newer.buffer).setUint32(36, crc32c(newer, 0, 36), true);
  disk.writeDurably(FIRST, last + frameBytes(header.payloadBytes), [newer], () => {});
  disk.settle();
  const error = openError(disk);
  assert(error.kind === 'unsupportedVersion' && error.version === 9);
});

test('pitfall 26 after a failed sync nothing is written and nothing becomes durable any more', () => {
  const disk = written(0);
  const opened = open(disk);
  disk.failOn('sync', 'failed');
  appendEntries(opened, 1, 1);
  disk.settle();
  disk.failOn('sync', undefined);
  const syncs = disk.syncs;
  appendEntries(opened, 2, 2);
  disk.settle();
  assert.deepEqual(opened.durable, []);
  assert.equal(opened.failures.length, 1);
  assert.equal(disk.syncs, syncs);
});

test('a full disk says so, and what was acknowledged is there when space is back', () => {
  const disk = new MemoryDisk({ capacityBytes: 9000 });
  const opened = open(disk, { segmentBytes: 4096 });
  for (let index = 1; index <= 40; index++) {
    appendEntries(opened, index, index, 300);
    disk.settle();
  }
  assert.equal(opened.failures[0]?.kind, 'full');
  const acknowledged = opened.durable.at(-1)!;
  assert(acknowledged > 5);
  disk.crash();
  disk.capacityBytes = 1_000_000;
  assert(open(disk, { segmentBytes: 4096 }).recovered.entries.length >= acknowledged);
});

test('a disk that is full from the start refuses to open with that reason', () => {
  const error = openError(new MemoryDisk({ capacityBytes: 100 }));
  assert(error.kind === 'disk' && error.error.kind === 'full');
  assert.match(describeJournalError(error), /no space is left for journal\/prepared/);
});

test('pitfall 18 of a torn frame the hard state is the old one whole or the new one whole', () => {
  for (let lost = 0; lost < 4; lost++) {
    const disk = new MemoryDisk();
    const opened = open(disk);
    opened.journal.append(ticket(1), [{ kind: 'hardState', state: new Uint8Array(600).fill(1) }]);
    opened.journal.flush();
    disk.settle();
    opened.journal.append(ticket(2), [{ kind: 'hardState', state: new Uint8Array(600).fill(2) }]);
    opened.journal.flush();
    let sector = 0;
    disk.crash(() => sector++ !== lost);
    const state = open(disk).recovered.hardState!;
    assert([1, 2].some((value) => state.every((byte) => byte === value)));
  }
});

test('pitfall 28 a snapshot record keeps the membership in every part', () => {
  const ids = [1, 2, 3, 4, 5].map((digit) => memberId(`000000000000000${digit}`));
  const membership = {
    voters: [ids[0]!, ids[1]!],
    outgoingVoters: [ids[1]!, ids[2]!],
    learners: [ids[3]!],
    learnersNext: [ids[4]!],
  };
  const disk = new MemoryDisk();
  const opened = open(disk);
  const meta = { index: logIndex(7), epoch: epoch(3), membership };
  opened.journal.append(ticket(1), [{ kind: 'snapshot', meta }]);
  opened.journal.flush();
  disk.settle();
  disk.crash();
  assert.deepEqual(open(disk).recovered.snapshot, meta);
});
