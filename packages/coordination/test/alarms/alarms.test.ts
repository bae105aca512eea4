/** Alarms as replicated state: who raised them, what they stop, what a restart and an image keep of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Alarm,
  type AlarmKind,
  type Caller,
  type Command,
  key,
  leaseId,
  NO_LEASE,
  OWN_RESOLVE,
  type PutCommand,
  type RangeOperation,
  revision,
  type TransactionOperation,
} from '@synod/coordination';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

const SELF = '00000000000000aa';
const OTHER = '00000000000000bb';
const LEASE = leaseId('0000000000000007');

function alarm(kind: AlarmKind, facts: Partial<Alarm> = {}): Alarm {
  return { member: SELF, kind, isAutomatic: false, ...facts };
}

function change(kind: 'raise' | 'clear', about: Alarm): Command {
  return { module: 'alarms', kind, alarm: about };
}

const PUT: PutCommand = {
  module: 'keyspace',
  kind: 'put',
  key: key('k'),
  value: Uint8Array.of(1),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
};
const DELETE: Command = {
  module: 'keyspace',
  kind: 'deleteRange',
  span: { from: key('k'), to: undefined },
  previous: false,
};
const READ: RangeOperation = {
  module: 'keyspace',
  kind: 'range',
  query: {
    span: { from: key('k'), to: undefined },
    revision: 0,
    limit: 0,
    sort: undefined,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  },
};

/** With the operations in the branch that is not taken. */
function transaction(...failure: TransactionOperation[]): TransactionOperation & Command {
  return { module: 'keyspace', kind: 'transaction', compares: [], success: [], failure };
}

const GRANT: Command = { module: 'leases', kind: 'grant', id: LEASE, ttlSeconds: 60 };
const REVOKE: Command = { module: 'leases', kind: 'revoke', id: LEASE, cause: 'asked' };
const COMPACT: Command = { module: 'keyspace', kind: 'compact', revision: revision(2) };
const PUBLISH: Command = {
  module: 'members',
  kind: 'publish',
  id: SELF,
  name: 'm',
  peerUrls: [],
  clientUrls: [],
};

/** What one command comes to in a cluster with an alarm, a key and a lease. */
function outcomeUnder(kind: AlarmKind, command: Command): string {
  const subject = new MachineUnderTest();
  subject.run(PUT);
  if (command !== GRANT) subject.run(GRANT);
  subject.run(change('raise', alarm(kind)));
  const before = subject.machine.revision;
  const [result] = subject.run(command);
  if (result!.kind !== 'failure') return 'done';
  assert.equal(subject.machine.revision, before);
  return result!.reason.code;
}

test('without space nothing is stored, in whichever branch; what frees space goes on', () => {
  const taking = [PUT, GRANT, transaction(PUT), transaction(transaction(PUT))];
  for (const command of taking) assert.equal(outcomeUnder('noSpace', command), 'noSpace');
  const freeing = [DELETE, REVOKE, COMPACT, PUBLISH, transaction(READ), transaction({ ...DELETE } as never)];
  for (const command of freeing) assert.equal(outcomeUnder('noSpace', command), 'done', command.kind);
});

test('in a corrupt cluster no key changes, nor what is kept of its past; what only reads goes on', () => {
  const changing = [PUT, DELETE, COMPACT, GRANT, REVOKE, transaction(PUT), transaction(transaction(PUT))];
  for (const command of changing) assert.equal(outcomeUnder('corrupt', command), 'corrupt', command.kind);
  for (const command of [PUBLISH, transaction(READ), transaction(transaction(READ))])
    assert.equal(outcomeUnder('corrupt', command), 'done', command.kind);
});

test('an alarm is told by whom it is about and cleared for that one; the last to go lets writes go on', () => {
  const subject = new MachineUnderTest();
  const told = (command: Command) => {
    const [result] = subject.run(command);
    assert.equal(result!.kind, 'alarmsChanged');
    return result!.kind === 'alarmsChanged' ? result!.alarms : [];
  };
  const [mine, others] = [alarm('noSpace'), alarm('noSpace', { member: OTHER })];
  assert.deepEqual(told(change('clear', mine)), []);
  assert.deepEqual(told(change('raise', others)), [others]);
  assert.deepEqual(told(change('raise', mine)), [mine]);
  assert.deepEqual(told(change('raise', mine)), [mine], 'again');
  assert.deepEqual(subject.machine.alarms(), [mine, others]);
  assert.deepEqual(told(change('clear', others)), [others]);
  assert.equal(subject.run(PUT)[0]!.kind, 'failure');
  assert.deepEqual(told(change('clear', mine)), [mine]);
  assert.equal(subject.run(PUT)[0]!.kind, 'put');
});

test('a member clears only what a member raised; by hand everything is cleared', () => {
  const subject = new MachineUnderTest();
  const [byHand, automatic] = [alarm('noSpace'), alarm('noSpace', { isAutomatic: true })];
  for (const raised of [[byHand], [byHand, automatic], [automatic, byHand]]) {
    for (const one of raised) subject.run(change('raise', one));
    subject.run(change('clear', automatic));
    assert.deepEqual(subject.machine.alarms(), [byHand]);
    subject.run(change('clear', byHand));
    assert.deepEqual(subject.machine.alarms(), []);
  }
  subject.run(change('raise', automatic), change('clear', automatic));
  assert.deepEqual(subject.machine.alarms(), []);
});

test('S5 S8 alarms outlive a crash and travel in an image, and the hash of the state tells of them', () => {
  const subject = new MachineUnderTest();
  subject.run(PUT);
  const quiet = subject.machine.stateHash();
  const raised = [
    alarm('noSpace', { isAutomatic: true }),
    alarm('corrupt'),
    alarm('corrupt', { member: OTHER }),
  ];
  subject.run(...raised.map((one) => change('raise', one)));
  assert.notEqual(subject.machine.stateHash(), quiet);
  const hash = subject.machine.stateHash();
  const expectKept = () => {
    assert.deepEqual(subject.machine.alarms(), raised);
    assert.equal(subject.machine.stateHash(), hash);
    const [result] = subject.run(PUT);
    assert.equal(result!.kind === 'failure' && result!.reason.code, 'corrupt');
    subject.log.pop();
  };
  subject.machine.persist(() => {});
  subject.crash();
  expectKept();
  const moved = new MachineUnderTest();
  moved.run(PUT);
  moved.run(...raised.map((one) => change('raise', one)));
  moved.moveByImage(7);
  assert.deepEqual(moved.machine.alarms(), raised);
  assert.equal(moved.machine.hasAlarm('corrupt'), true);
  // Cleared alarms leave no row behind.
  moved.run(...raised.map((one) => change('clear', { ...one, isAutomatic: false })));
  moved.moveByImage(64);
  assert.deepEqual(moved.machine.alarms(), []);
});

test('A13 with auth enabled alarms are raised and cleared by root and by members alone', () => {
  const subject = new MachineUnderTest();
  for (const command of [
    { kind: 'addUser', user: 'root', passwordHash: 'hash' },
    { kind: 'addUser', user: 'u', passwordHash: 'hash' },
    { kind: 'grantRole', user: 'root', role: 'root' },
    { kind: 'enable' },
  ] as const)
    assert.equal(subject.run({ module: 'auth', ...command })[0]!.kind, 'authChanged');
  const user = (name: string): Caller => ({ kind: 'user', name, authRevision: Number.MAX_SAFE_INTEGER });
  const outcome = (caller: Caller | undefined, command: Command): string => {
    const [result] = subject.runFor(caller, command);
    return result!.kind === 'failure' ? result!.reason.code : result!.kind;
  };
  for (const command of [change('raise', alarm('noSpace')), change('clear', alarm('noSpace'))]) {
    assert.equal(outcome(undefined, command), 'userEmpty');
    assert.equal(outcome(user('u'), command), 'permissionDenied');
    assert.equal(outcome(user('root'), command), 'alarmsChanged');
    assert.equal(outcome(OWN_RESOLVE, command), 'alarmsChanged');
  }
});
