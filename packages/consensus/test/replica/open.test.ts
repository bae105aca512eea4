/** How a replica starts from whatever journal, state and snapshot files a power cut left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logIndex, ticket } from '../../src/core/numbers.ts';
import { describeJournalError } from '../../src/journal/journal-error.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { entries, putSnapshot, ReplicaBench } from './scripted-core.ts';

/** A member whose log begins after entry 5 while its state holds nothing, as a power cut between two steps leaves it. */
function stateBehind(): ReplicaBench {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) =>
    input.kind === 'tick'
      ? [
          {
            kind: 'write',
            ticket: ticket(1),
            records: [{ kind: 'snapshot', meta: bench.core.snapshotMeta(logIndex(5)) }],
          },
        ]
      : [];
  bench.replica.tick();
  bench.settle();
  return bench;
}

test('a state below the log, with no snapshot file between, refuses to start and says what to do', () => {
  const bench = stateBehind();
  bench.disk.crash();
  const result = new ReplicaBench(bench.disk).open();
  assert(!result.ok);
  assert.deepEqual(result.error, { kind: 'stateBehindLog', stateIndex: 0, logBeginsAfter: 5 });
  assert.match(describeJournalError(result.error), /log begins after entry 5.*synod rebuild/);
});

test('pitfall 27 a power cut after the snapshot record and before the restore: the file is put in force at the start', () => {
  const bench = stateBehind();
  putSnapshot(bench, 5, ['a', 'b']);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open().ok);
  assert.equal(again.machine.appliedIndex, 5);
  assert.deepEqual(again.machine.bodies, ['a', 'b']);
});

test('P14 a whole file that the log does not know yet is passed over: the state stays behind what the log holds', () => {
  const bench = ReplicaBench.opened();
  putSnapshot(bench, 7, ['x']);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open().ok);
  assert.deepEqual([again.machine.restores, again.machine.appliedIndex], [0, 0]);
});

test('pitfall 22 entries that the state holds are passed over', () => {
  const bench = stateBehind();
  putSnapshot(bench, 5, ['x']);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open().ok);
  again.core.answer = (input) => (input.kind === 'tick' ? [{ kind: 'apply', entries: entries(1, 6) }] : []);
  again.replica.tick();
  assert.equal(again.machine.gaps, 0);
  assert.equal(again.machine.appliedIndex, 6);
});

test('a file that was made here for others is not restored at the start: the log reaches past it', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) =>
    input.kind === 'tick'
      ? [
          {
            kind: 'write',
            ticket: ticket(1),
            records: entries(1, 9).map((entry) => ({ kind: 'entry', entry })),
          },
        ]
      : [];
  bench.replica.tick();
  putSnapshot(bench, 7, ['x']);
  bench.settle();
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open().ok);
  assert.deepEqual([again.machine.restores, again.machine.appliedIndex], [0, 0]);
});

test('a rotten snapshot file costs no state, and no file above where the log begins takes its place', () => {
  const bench = stateBehind();
  putSnapshot(bench, 9, ['received before the log knew of it']);
  const rotten = putSnapshot(bench, 5, ['rotten']);
  bench.disk.corrupt(rotten, bench.disk.size(rotten)! - 30);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  const result = again.open();
  assert(!result.ok);
  assert.deepEqual(result.error, { kind: 'stateBehindLog', stateIndex: 0, logBeginsAfter: 5 });
  assert.equal(again.machine.restores, 0);
});

test('a state whose journal is gone refuses to start, and no new journal takes its place', () => {
  const bench = stateBehind();
  putSnapshot(bench, 5, ['a', 'b']);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open().ok);
  const bare = new ReplicaBench(new MemoryDisk(), again.machine);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const result = bare.open();
    assert(!result.ok);
    assert.deepEqual(result.error, { kind: 'journalMissing', stateIndex: 5 });
    assert.match(describeJournalError(result.error), /its journal is gone.*Put the journal's files back/);
  }
  assert.deepEqual(bare.disk.list('journal'), []);
});

test('K9 without a state no file of this member’s own is put in force: it may be as wrong as what it was made of', () => {
  const bench = stateBehind();
  putSnapshot(bench, 5, ['a', 'b']);
  bench.disk.crash();
  const again = new ReplicaBench(bench.disk);
  assert(again.open({ awaitsState: true }).ok);
  assert.deepEqual([again.machine.restores, again.machine.appliedIndex], [0, 0]);
});

test('unfinished files of an earlier life are removed', () => {
  const bench = ReplicaBench.opened();
  bench.disk.create('snapshot/0000000000000009.snap.received.part', 10, () => {});
  bench.disk.settle();
  bench.disk.crash();
  assert(new ReplicaBench(bench.disk).open().ok);
  assert.deepEqual(bench.disk.list('snapshot'), []);
});

test('what was recovered is told: entries, torn bytes, time', () => {
  const bench = ReplicaBench.opened();
  assert.deepEqual(bench.events, [
    { kind: 'recovered', entries: 0, lastIndex: 0, tornBytes: 0, milliseconds: 0 },
  ]);
});
