/** The state machine is fed in the core's order, restores included, a bounded amount a turn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../src/core/effects.ts';
import { logIndex, ticket } from '../../src/core/numbers.ts';
import { APPLY_ENTRIES_PER_TURN } from '../../src/replica/limits.ts';
import { entries, putSnapshot, ReplicaBench } from './scripted-core.ts';

/** A replica whose core gives these effects at the next tick. */
function given(bench: ReplicaBench, effects: readonly Effect[]): void {
  bench.core.answer = (input) => (input.kind === 'tick' ? effects : []);
  bench.replica.tick();
}

const restore = (bench: ReplicaBench, index: number): Effect => ({
  kind: 'restore',
  meta: bench.core.snapshotMeta(logIndex(index)),
});

const appliedInputs = (bench: ReplicaBench): number[] =>
  bench.core.inputs.filter((input) => input.kind === 'applied').map(({ index }) => index);

test('pitfall 27 entries that follow a snapshot wait until it is in force', () => {
  const bench = ReplicaBench.opened();
  putSnapshot(bench, 5, ['a']);
  given(bench, [restore(bench, 5), { kind: 'apply', entries: entries(6, 7) }]);
  assert.equal(
    bench.machine.appliedIndex,
    5,
    'the state was replaced in this turn, but it is not durable yet',
  );
  assert.deepEqual(appliedInputs(bench), []);
  assert.equal(bench.replica.activity.isRestoring, true);
  bench.settle();
  assert.equal(bench.replica.activity.isRestoring, false);
  assert.deepEqual(appliedInputs(bench), [5, 7]);
  assert.equal(bench.machine.gaps, 0);
});

test('P14 a snapshot is put in force only when the log durably begins after it', () => {
  const bench = ReplicaBench.opened();
  putSnapshot(bench, 5, ['a']);
  const meta = bench.core.snapshotMeta(logIndex(5));
  given(bench, [
    { kind: 'write', ticket: ticket(1), records: [{ kind: 'snapshot', meta }] },
    { kind: 'restore', meta },
  ]);
  assert.equal(bench.machine.appliedIndex, 0, 'a power cut now would leave a log that does not know of it');
  assert.equal(bench.replica.activity.isRestoring, false, 'it waits for its turn');
  bench.settle();
  assert.equal(bench.machine.appliedIndex, 5);
  assert.deepEqual(appliedInputs(bench), [5]);
});

test('pitfall 27 of two snapshots in quick succession neither loses its file before it is in force', () => {
  const bench = ReplicaBench.opened();
  const first = putSnapshot(bench, 5, ['a']);
  // Large enough to be read over several turns, in which its file could be taken away.
  const large = Array.from({ length: 3 }, (_, i) => `${i}`.repeat(600_000));
  const second = putSnapshot(bench, 9, large);
  given(bench, [restore(bench, 5), restore(bench, 9), { kind: 'apply', entries: entries(10, 10) }]);
  bench.settle();
  assert.deepEqual(appliedInputs(bench), [5, 9, 10]);
  assert(bench.machine.bodies.every((body, i) => body === large[i]));
  assert.equal(bench.machine.gaps, 0);
  assert.deepEqual([bench.disk.size(first), bench.disk.size(second)], [undefined, undefined]);
});

test('pitfall 27 where the machine ends a turn early, it is given the rest in the next, and a snapshot waits for all', () => {
  const bench = ReplicaBench.opened();
  const { machine } = bench;
  const apply = machine.apply.bind(machine);
  const calls: number[][] = [];
  machine.apply = (list) => {
    calls.push(list.map(({ index }) => index));
    // The third takes two turns, and each turn one entry.
    if (list[0]!.index !== 3 || calls.length > 3) apply(list.slice(0, 1));
  };
  putSnapshot(bench, 5, ['a']);
  given(bench, [{ kind: 'apply', entries: entries(1, 4) }, restore(bench, 5)]);
  for (let turn = 0; turn < 4; turn++) {
    assert.ok(machine.appliedIndex < 5);
    bench.turn();
  }
  bench.settle();
  assert.deepEqual(calls, [[1, 2, 3, 4], [2, 3, 4], [3, 4], [3, 4], [4]]);
  assert.deepEqual(appliedInputs(bench), [1, 2, 3, 4, 5]);
});

test('a snapshot that the state is already past is passed over', () => {
  const bench = ReplicaBench.opened();
  given(bench, [{ kind: 'apply', entries: entries(1, 8) }]);
  given(bench, [restore(bench, 5)]);
  bench.settle();
  assert.equal(bench.machine.appliedIndex, 8);
  assert.equal(bench.machine.restores, 0);
});

test('a snapshot whose file is gone ends the member with a reason', () => {
  const bench = ReplicaBench.opened();
  given(bench, [restore(bench, 5)]);
  bench.settle();
  const fatal = bench.events.find((event) => event.kind === 'fatal');
  assert.match(fatal?.reason ?? '', /snapshot\/0000000000000005\.snap cannot be restored/);
});

test('a long replay leaves the turn to others between its parts', () => {
  const bench = ReplicaBench.opened();
  given(bench, [{ kind: 'apply', entries: entries(1, 3 * APPLY_ENTRIES_PER_TURN) }]);
  assert.deepEqual(appliedInputs(bench), [APPLY_ENTRIES_PER_TURN]);
  bench.settle();
  assert.deepEqual(appliedInputs(bench).at(-1), 3 * APPLY_ENTRIES_PER_TURN);
  assert.equal(bench.machine.gaps, 0);
});
