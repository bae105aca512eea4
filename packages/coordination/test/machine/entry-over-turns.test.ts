/** S3: an entry that is applied over several turns is seen by nobody before it is whole, and is then as if applied at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  APPLY_LIMITS,
  type Command,
  encodeCommands,
  key,
  leaseId,
  MemoryBackend,
  NO_LEASE,
  type RangeQuery,
  revision,
} from '@synod/coordination';
import fc from 'fast-check';
import { EVERYTHING } from '../keyspace/everything.ts';
import { anyCommand } from '../keyspace/random-commands.ts';
import { MachineUnderTest, MEMBER } from './machine-under-test.ts';

const A_KEY_A_TURN = { ...APPLY_LIMITS, keysATurn: 1 };

const QUERIES: readonly RangeQuery[] = [
  EVERYTHING,
  { ...EVERYTHING, countOnly: true },
  { ...EVERYTHING, limit: 2 },
  { ...EVERYTHING, limit: 2, sort: { target: 'modRevision', order: 'descending' } },
  { ...EVERYTHING, span: { from: key('b'), to: undefined } },
];

/** All that others can ask for while an entry is half applied. */
function visible({ machine }: MachineUnderTest): unknown {
  const { history } = machine;
  const hash = machine.beginHash(revision(0));
  assert.ok(!('kind' in hash));
  assert.equal(hash.step(Number.POSITIVE_INFINITY), 'whole');
  const page = { ...EVERYTHING, recordsMax: 1_000, bytesMax: 100_000, keysMax: 1_000 };
  const from = revision(Math.max(history.compactRevision, 2));
  return {
    applied: machine.appliedIndex,
    ranges: QUERIES.map((query) => machine.range(query)),
    page: machine.page(page),
    history: history.eventsFrom(from, { rowsMax: 1_000, bytesMax: 100_000, changesMax: 1_000 }),
    revision: history.revision,
    hash: hash.sum,
  };
}

function put(name: string, lease = NO_LEASE, value = new Uint8Array(1)): Command {
  const options = { lease, previous: false, keepValue: false, keepLease: false };
  return { module: 'keyspace', kind: 'put', key: key(name), value, ...options };
}

const deleteAll = (previous: boolean): Command => ({
  module: 'keyspace',
  kind: 'deleteRange',
  span: EVERYTHING.span,
  previous,
});

test('S3 between the turns of an entry everything is as before it, whatever is asked', () => {
  let turns = 0;
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 10, maxLength: 40, size: 'max' }), (commands) => {
      const subject = new MachineUnderTest(new MemoryBackend(), A_KEY_A_TURN);
      const atOnce = new MachineUnderTest();
      for (const command of commands) {
        const before = visible(subject);
        const outputs = subject.outputs.length;
        const results = subject.runInTurns(command, () => {
          turns++;
          assert.deepEqual(visible(subject), before);
          const told = subject.outputs.slice(outputs).map(({ kind }) => kind);
          assert.ok(told.every((kind) => kind === 'leaseChanged'));
        });
        assert.deepEqual(results, atOnce.run(command));
      }
      assert.deepEqual(subject.outputs, atOnce.outputs);
      assert.equal(subject.machine.stateHash(), atOnce.machine.stateHash());
    }),
    { seed: 3, numRuns: 150 },
  );
  assert.ok(turns > 1_000, `${turns} turns`);
});

test('S5 S8 a commit asked for amid an entry has all of it or nothing, and a power cut leaves a state to go on from', () => {
  const subject = new MachineUnderTest(new MemoryBackend(), A_KEY_A_TURN);
  for (const name of ['a', 'b', 'c']) subject.run(put(name));
  subject.machine.persist(() => {});
  const { machine } = subject;
  let commits = 0;
  subject.runInTurns(deleteAll(true), () => {
    machine.persist(() => void commits++);
    assert.equal(machine.isAtRest, false);
    assert.equal(commits, 0);
    assert.throws(() => machine.capture(), /whole state/);
    assert.throws(() => machine.sweep(1), /half applied/);
  });
  assert.ok(commits > 1, 'each of them came behind the entry');
  assert.equal(machine.durableIndex, 4);
  subject.run(put('d'));
  const whole = machine.stateHash();
  subject.crash();
  assert.equal(subject.machine.stateHash(), whole);

  // A power cut amid an entry: what it wrote is not in the store, and the log has it applied again.
  const cut = new MachineUnderTest(new MemoryBackend(), A_KEY_A_TURN);
  for (const name of ['a', 'b', 'c']) cut.run(put(name));
  cut.machine.persist(() => {});
  let isCut = false;
  cut.runInTurns(deleteAll(false), () => {
    if (isCut) return;
    isCut = true;
    cut.crash();
  });
  cut.run(put('d'));
  assert.equal(cut.machine.stateHash(), whole);
});

test('S5 S8 rows that a power cut has left of a large commit do not count', () => {
  const waiting: (() => void)[] = [];
  const backend = new MemoryBackend((job) => void waiting.push(job), 1);
  const subject = new MachineUnderTest(backend);
  const { machine } = subject;
  subject.run(put('kept'));
  machine.persist(() => {});
  waiting.shift()!();
  assert.equal(machine.durableIndex, 1);
  for (const name of ['a', 'b', 'kept', 'd']) subject.run(put(name));
  const whole = machine.stateHash();
  machine.persist(() => {});
  backend.crash();
  assert.equal(subject.revisionRows(), 3, 'of the five that were written');
  subject.reopen();
  assert.equal(subject.machine.revision, 2);
  assert.equal(subject.revisionRows(), 1);
  subject.crash();
  assert.equal(subject.machine.stateHash(), whole);
});

test('C20 the keys of a lease go in byte order and in one revision, over however many turns', () => {
  const subject = new MachineUnderTest(new MemoryBackend(), A_KEY_A_TURN);
  const id = leaseId('0000000000000007');
  subject.run({ module: 'leases', kind: 'grant', id, ttlSeconds: 60 });
  for (const name of ['b', '\xff', 'a', '\x00', 'ab']) subject.run(put(name, id));
  subject.outputs.length = 0;
  let turns = 0;
  subject.runInTurns({ module: 'leases', kind: 'revoke', id, cause: 'asked' }, () => void turns++);
  assert.equal(turns, 5);
  const events = subject.outputs.flatMap((output) => (output.kind === 'events' ? [output.events] : []));
  assert.deepEqual(
    events.map((list) => list.map(({ record }) => record.key)),
    [['\x00', 'a', 'ab', 'b', '\xff']],
  );
});

test('a turn applies so many keys or bytes, of however many entries, and the rest in the next', () => {
  const subject = new MachineUnderTest(new MemoryBackend(), { keysATurn: 3, bytesATurn: 1_000 });
  const { machine } = subject;
  const entry = (at: number, command: Command) => ({
    index: logIndex(at),
    epoch: epoch(1),
    kind: 'command' as const,
    payload: encodeEnvelope({
      ...{ member: MEMBER, incarnation: 1, sequence: at, oldestPending: at },
      body: encodeCommands([command]),
    }),
  });
  const small = [1, 2, 3, 4, 5].map((at) => entry(at, put(`k${at}`)));
  machine.apply(small);
  assert.equal(machine.appliedIndex, 3);
  machine.apply(small.slice(3));
  assert.equal(machine.appliedIndex, 5);
  const large = [6, 7].map((at) => entry(at, put('k', NO_LEASE, new Uint8Array(1_000))));
  machine.apply(large);
  assert.equal(machine.appliedIndex, 6);
});
