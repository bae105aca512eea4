/** Hashes on request: a piece a turn, a bounded number at one time, an answer for everybody at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, NO_LEASE, revision } from '../../src/machine/values.ts';
import { HASH_ROWS_A_TURN, HASHES_AT_ONCE_MAX } from '../../src/service/limits.ts';
import { PieceQueue } from '../../src/service/piece-queue.ts';
import { StateHashes } from '../../src/service/state-hashes.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

function hashesUnderTest(keys: number) {
  const subject = new MachineUnderTest();
  for (let i = 0; i < keys; i++)
    subject.run({
      module: 'keyspace',
      kind: 'put',
      key: key(`key ${i}`),
      value: new Uint8Array(300),
      lease: NO_LEASE,
      previous: false,
      keepValue: false,
      keepLease: false,
    });
  const turns: (() => void)[] = [];
  const { machine } = subject;
  const clock = { ms: 0 };
  const measured: [what: string, milliseconds: number][] = [];
  const hashes = new StateHashes({
    machine,
    pieces: new PieceQueue((job) => void turns.push(job)),
    nowMs: () => clock.ms,
    measurements: { hashed: (what, milliseconds) => void measured.push([what, milliseconds]) },
  });
  const answers: string[] = [];
  const completion = {
    complete: (result: { readonly kind: string; readonly code?: string; readonly sum?: number }) =>
      void answers.push(result.code ?? `${result.kind} ${result.sum}`),
  };
  return { hashes, turns, answers, completion, clock, measured };
}

test('a large keyspace takes several turns, and two askers get the same', () => {
  const { hashes, turns, answers, completion } = hashesUnderTest(3 * HASH_ROWS_A_TURN);
  hashes.ofKeyspace(revision(0), completion);
  hashes.ofKeyspace(revision(0), completion);
  hashes.ofEverything(completion);
  hashes.ofEverything(completion);
  let count = 0;
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    assert.equal(turns.length, 0, 'however many hashes there are, one piece a turn is taken');
    turn();
    count++;
  }
  assert.ok(count > 12, `${count} turns`);
  const [keyspace, everything] = [
    answers.filter((one) => one.startsWith('keyspaceHashed')),
    answers.filter((one) => one.startsWith('stateHashed')),
  ];
  assert.deepEqual([keyspace.length, new Set(keyspace).size], [2, 1]);
  assert.deepEqual([everything.length, new Set(everything).size], [2, 1]);
});

test('too many at one time are refused; those that wait when the member stops are told', () => {
  const { hashes, turns, answers, completion } = hashesUnderTest(2 * HASH_ROWS_A_TURN);
  for (let i = 0; i < HASHES_AT_ONCE_MAX; i++) hashes.ofKeyspace(revision(0), completion);
  assert.deepEqual(answers, []);
  hashes.ofEverything(completion);
  assert.deepEqual(answers, ['tooManyRequests']);
  hashes.stop();
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  assert.deepEqual(new Set(answers.slice(1)), new Set(['stopped']));
  assert.equal(answers.length, 1 + HASHES_AT_ONCE_MAX);
});

test('how long a hash took is told once it is whole, the turns between its pieces included', () => {
  const { hashes, turns, completion, clock, measured } = hashesUnderTest(2 * HASH_ROWS_A_TURN);
  hashes.ofKeyspace(revision(0), completion);
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    assert.deepEqual(measured, []);
    clock.ms += 5;
    turn();
  }
  assert.deepEqual(measured, [['keyspace', clock.ms]]);
  hashes.ofEverything(completion);
  hashes.ofKeyspace(revision(1_000_000), completion);
  hashes.stop();
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  assert.equal(measured.length, 1, 'what came to nothing is not measured');
});
