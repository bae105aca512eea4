/** What is counted of what is done to a keyspace, and that nothing is counted which was done before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_AFTER,
  type Command,
  key,
  leaseId,
  NO_LEASE,
  type PutCommand,
  type RangeQuery,
  revision,
} from '@synod/coordination';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

function put(name: string, value: string, lease = NO_LEASE): PutCommand {
  return {
    module: 'keyspace',
    kind: 'put',
    key: key(name),
    value: new TextEncoder().encode(value),
    lease,
    previous: false,
    keepValue: false,
    keepLease: false,
  };
}

const ALL: RangeQuery = {
  span: { from: key('\0'), to: ALL_AFTER },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};
const DELETE_ALL: Command = { module: 'keyspace', kind: 'deleteRange', span: ALL.span, previous: false };
const NOTHING = {
  ranges: 0,
  puts: 0,
  putBytes: 0,
  deletions: 0,
  transactions: 0,
  rowsCompacted: 0,
  compactions: 0,
};

function sweptUp(subject: MachineUnderTest): void {
  while (subject.machine.sweep(1));
}

test('puts, deletions and ranges, alone and in transactions; a transaction is one with all that is in it', () => {
  const subject = new MachineUnderTest();
  subject.run(put('ab', 'xyz'));
  subject.run(put('c', ''));
  subject.run(put('nothing', 'comes of it', leaseId('0000000000000009')));
  subject.run(DELETE_ALL);
  subject.run(DELETE_ALL);
  subject.machine.range(ALL);
  subject.machine.page({ span: ALL.span, revision: 0, recordsMax: 1, bytesMax: 1, keysMax: 1 });
  const inner: Command = {
    module: 'keyspace',
    kind: 'transaction',
    compares: [],
    success: [put('e', '1')],
    failure: [],
  };
  subject.run({
    module: 'keyspace',
    kind: 'transaction',
    compares: [],
    success: [put('d', '12'), { module: 'keyspace', kind: 'range', query: ALL }, inner],
    failure: [put('never', 'run')],
  });
  assert.deepEqual(
    { ...subject.machine.tally },
    { ...NOTHING, ranges: 3, puts: 4, putBytes: 5 + 1 + 3 + 2, deletions: 2, transactions: 1 },
  );
});

test('a lease deletes each of its keys', () => {
  const subject = new MachineUnderTest();
  const id = leaseId('0000000000000005');
  subject.run({ module: 'leases', kind: 'grant', id, ttlSeconds: 60 });
  subject.run(put('a', '1', id), put('b', '2', id));
  subject.run({ module: 'leases', kind: 'revoke', id, cause: 'asked' });
  assert.equal(subject.machine.tally.deletions, 2);
});

test('a compaction counts when all that it let go of is gone', () => {
  const subject = new MachineUnderTest();
  for (const value of ['1', '2', '3', '4']) subject.run(put('k', value));
  subject.run({ module: 'keyspace', kind: 'compact', revision: revision(4) });
  assert.equal(subject.machine.tally.compactions, 0);
  sweptUp(subject);
  assert.deepEqual([subject.machine.tally.compactions, subject.machine.tally.rowsCompacted], [1, 2]);
  sweptUp(subject);
  assert.equal(subject.machine.tally.compactions, 1);
});

test('what the backend holds is not counted again at a start; what only the log holds is', () => {
  const subject = new MachineUnderTest();
  for (const value of ['1', '2', '3']) subject.run(put('k', value));
  subject.run({ module: 'keyspace', kind: 'compact', revision: revision(4) });
  sweptUp(subject);
  subject.machine.persist(() => {});
  subject.run(put('k', '4'));
  subject.crash();
  sweptUp(subject);
  assert.deepEqual({ ...subject.machine.tally }, { ...NOTHING, puts: 1, putBytes: 2 });
});

test('a compaction that a start has to carry on counts', () => {
  const subject = new MachineUnderTest();
  for (const value of ['1', '2', '3']) subject.run(put('k', value));
  subject.run({ module: 'keyspace', kind: 'compact', revision: revision(4) });
  subject.machine.persist(() => {});
  subject.crash();
  sweptUp(subject);
  assert.deepEqual([subject.machine.tally.compactions, subject.machine.tally.rowsCompacted], [1, 2]);
});
