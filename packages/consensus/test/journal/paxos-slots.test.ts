/** What a journal gives back to Paxos: slots out of order, the last value of each, and nothing lost to a snapshot below. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { encodeHardState } from '../../src/paxos/hard-state.ts';
import { recover } from '../../src/paxos/recovery.ts';
import { entryRecord, IDENTITY, open } from './journal-harness.ts';

const PAXOS = { identity: { ...IDENTITY, protocol: 'paxos' as const }, segmentBytes: 4096 };
const membership = { ...IDENTITY.foundingMembership, quorum: { phase1: 1, phase2: 1 } };

test('P4 slots accepted out of order are all there after a power cut, each with its last value', () => {
  const disk = new MemoryDisk();
  const { journal } = open(disk, PAXOS);
  const slots = [7, 3, 9, 4, 3, 8];
  for (const [i, slot] of slots.entries())
    journal.append(ticket(i + 1), [entryRecord(slot, i + 1, Uint8Array.of(slot, i))]);
  const state = { promised: epoch(6), owner: IDENTITY.memberId, chosenUpTo: logIndex(0) };
  journal.append(ticket(7), [{ kind: 'hardState', state: encodeHardState(state) }]);
  journal.flush();
  disk.settle();
  disk.crash();
  const { slots: found, promised } = recover(open(disk, PAXOS).recovered, []);
  assert.equal(promised, 6);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((slot) => found.at(slot)?.epoch),
    [undefined, undefined, 5, 4, undefined, undefined, 1, 6, 3],
  );
});

test('P4 a snapshot record leaves the slots above it as they were accepted', () => {
  const disk = new MemoryDisk();
  const { journal } = open(disk, PAXOS);
  journal.append(ticket(1), [entryRecord(2, 1), entryRecord(6, 1)]);
  const meta = { index: logIndex(5), epoch: epoch(1), membership };
  journal.append(ticket(2), [{ kind: 'snapshot', meta }]);
  journal.flush();
  disk.settle();
  disk.crash();
  const { recovered } = open(disk, PAXOS);
  assert.deepEqual(recovered.snapshot, meta);
  assert.deepEqual(
    recovered.entries.map(({ index }) => index),
    [6],
  );
});

test('P4 segments go by the highest slot in them: one accepted early keeps its segment', () => {
  const disk = new MemoryDisk();
  const opened = open(disk, PAXOS);
  const filling = new Uint8Array(1500);
  opened.journal.append(ticket(1), [entryRecord(50, 1, filling)]);
  opened.journal.flush();
  disk.settle();
  for (let slot = 1; slot <= 12; slot++) {
    opened.journal.append(ticket(slot + 1), [entryRecord(slot, 1, filling)]);
    opened.journal.flush();
    disk.settle();
  }
  opened.journal.trim({ index: logIndex(12), epoch: epoch(1), membership });
  disk.settle();
  disk.crash();
  assert.deepEqual(
    open(disk, PAXOS).recovered.entries.map(({ index }) => index),
    [50],
  );
});
