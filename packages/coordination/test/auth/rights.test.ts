/** Who may do what, at every command as it is applied: against a model that asks key by key, and rule by rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_AFTER,
  type Caller,
  type Command,
  type CommandResult,
  type KeySpan,
  key,
  leaseId,
  NO_LEASE,
  OWN_RESOLVE,
  type Permission,
  type PutCommand,
  type RangeQuery,
  revision,
  type TransactionCommand,
  type TransactionOperation,
} from '@synod/coordination';
import fc from 'fast-check';
import { MachineUnderTest } from '../machine/machine-under-test.ts';
import { BOUNDS, isPermitted } from './rights-model.ts';

const LEASES = ['0000000000000001', '0000000000000002'].map(leaseId);

function spanTo(from: string, to?: string): KeySpan {
  return { from: key(from), to: to === undefined ? undefined : key(to) };
}

function put(name: string, more: Partial<PutCommand> = {}): PutCommand {
  return {
    module: 'keyspace',
    kind: 'put',
    key: key(name),
    value: Uint8Array.of(1),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
    ...more,
  };
}

function rangeOf(span: KeySpan): TransactionOperation {
  const query: RangeQuery = {
    span,
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
  return { module: 'keyspace', kind: 'range', query };
}

function deleteOf(span: KeySpan, previous = false): TransactionOperation & Command {
  return { module: 'keyspace', kind: 'deleteRange', span, previous };
}

function transaction(parts: Partial<TransactionCommand>): TransactionCommand {
  return { module: 'keyspace', kind: 'transaction', compares: [], success: [], failure: [], ...parts };
}

/** A cluster with auth: root, and a user `u` with one role of these permissions. */
function clusterWith(permissions: readonly Permission[]): MachineUnderTest {
  const subject = new MachineUnderTest();
  for (const id of LEASES) subject.run({ module: 'leases', kind: 'grant', id, ttlSeconds: 60 });
  subject.run(
    put('b', { lease: LEASES[0]! }),
    put('c', { lease: LEASES[0]! }),
    put('d', { lease: LEASES[1]! }),
  );
  subject.run(
    { module: 'auth', kind: 'addUser', user: 'root', passwordHash: 'hash' },
    { module: 'auth', kind: 'grantRole', user: 'root', role: 'root' },
    { module: 'auth', kind: 'addUser', user: 'u', passwordHash: 'hash' },
    { module: 'auth', kind: 'addRole', role: 'r' },
    { module: 'auth', kind: 'grantRole', user: 'u', role: 'r' },
    ...permissions.map(
      (permission) => ({ module: 'auth', kind: 'grantPermission', role: 'r', permission }) as const,
    ),
    { module: 'auth', kind: 'enable' },
  );
  assert.equal(subject.machine.auth.isEnabled, true);
  return subject;
}

function callerNow(subject: MachineUnderTest, name: string): Caller {
  return { kind: 'user', name, authRevision: subject.machine.auth.revision };
}

function codeOf(result: CommandResult | undefined): string {
  assert.ok(result !== undefined, 'a command has a result');
  return result.kind === 'failure' ? result.reason.code : 'permitted';
}

/** What a command comes to for `u`; one that is permitted and fails otherwise counts as permitted. */
function forUser(subject: MachineUnderTest, command: Command): string {
  const code = codeOf(subject.runFor(callerNow(subject, 'u'), command)[0]);
  return REFUSALS.has(code) ? code : 'permitted';
}

const REFUSALS = new Set(['permissionDenied', 'userEmpty', 'authRevisionOld']);

// ---- against the model ----

const keys = fc.constantFrom(...BOUNDS);
const spans: fc.Arbitrary<KeySpan> = fc
  .tuple(keys, fc.oneof(fc.constant(undefined), fc.constant<string>(ALL_AFTER), keys))
  .map(([from, to]) => spanTo(from, to));
const permissions: fc.Arbitrary<Permission> = fc
  .record({ access: fc.constantFrom('read' as const, 'write' as const, 'readWrite' as const), span: spans })
  .filter(({ span: { from, to } }) => to === undefined || to === ALL_AFTER || from < to);
const puts = fc
  .tuple(keys, fc.boolean(), fc.constantFrom(NO_LEASE, NO_LEASE, ...LEASES))
  .map(([name, previous, lease]) => put(name, { previous, lease }));
const deletions = fc.tuple(spans, fc.boolean()).map(([span, previous]) => deleteOf(span, previous));
const compares = spans.map((span) => ({ span, result: 'equal', target: 'version', number: 0 }) as const);
const { transactions } = fc.letrec<{ operations: TransactionOperation; transactions: TransactionCommand }>(
  (tie) => ({
    operations: fc.oneof(
      { maxDepth: 2 },
      spans.map(rangeOf),
      puts,
      deletions,
      tie('transactions') as fc.Arbitrary<TransactionOperation>,
    ),
    transactions: fc
      .tuple(
        fc.array(compares, { maxLength: 1 }),
        fc.array(tie('operations'), { maxLength: 2 }),
        fc.array(tie('operations'), { maxLength: 2 }),
      )
      .map(([compare, success, failure]) => transaction({ compares: compare, success, failure })),
  }),
);
const revocations = fc
  .constantFrom(...LEASES)
  .map((id): Command => ({ module: 'leases', kind: 'revoke', id, cause: 'asked' }));
const commands: fc.Arbitrary<Command> = fc.oneof(
  puts,
  deletions as fc.Arbitrary<Command>,
  transactions,
  revocations,
);

test('A3 A6 A8 A9 A10 a command is permitted exactly where every key that it needs is granted', () => {
  let permitted = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(permissions, { maxLength: 6 }),
      fc.array(commands, { minLength: 1, maxLength: 6 }),
      (granted, asked) => {
        const subject = clusterWith(granted);
        const effective = subject.machine.auth.role('r')?.permissions ?? [];
        for (const command of asked) {
          const attached = (id: string): string[] => subject.machine.leaseKeys(leaseId(id));
          const expected = isPermitted(effective, command, attached);
          const before = subject.machine.revision;
          assert.equal(forUser(subject, command), expected ? 'permitted' : 'permissionDenied');
          if (!expected) assert.equal(subject.machine.revision, before, 'a refused command changes nothing');
          if (expected) permitted++;
          else refused++;
        }
      },
    ),
    { numRuns: 400, seed: 7 },
  );
  assert.ok(permitted > 150 && refused > 150, `${permitted} permitted, ${refused} refused`);
});

// ---- rule by rule ----

const WRITE_A: Permission = { access: 'write', span: spanTo('a') };
const READ_A: Permission = { access: 'read', span: spanTo('a') };
const ALL: Permission = { access: 'readWrite', span: spanTo('a', ALL_AFTER) };

test('A8 the value before a change is only for those who may read it', () => {
  const subject = clusterWith([WRITE_A]);
  assert.equal(forUser(subject, put('a')), 'permitted');
  assert.equal(forUser(subject, put('a', { previous: true })), 'permissionDenied');
  assert.equal(forUser(subject, deleteOf(spanTo('a'))), 'permitted');
  assert.equal(forUser(subject, deleteOf(spanTo('a'), true)), 'permissionDenied');
  assert.equal(
    forUser(subject, transaction({ success: [put('a', { previous: true })] })),
    'permissionDenied',
  );
  assert.equal(forUser(subject, transaction({ failure: [deleteOf(spanTo('a'), true)] })), 'permissionDenied');
});

test('A9 a transaction is checked in full: compares, both branches, and what is nested in them', () => {
  const subject = clusterWith([READ_A, { access: 'write', span: spanTo('a', 'b') }]);
  const compare = (name: string) =>
    ({ span: spanTo(name), result: 'equal', target: 'version', number: 0 }) as const;
  assert.equal(forUser(subject, transaction({ compares: [compare('a')] })), 'permitted');
  assert.equal(forUser(subject, transaction({ compares: [compare('b')] })), 'permissionDenied');
  const hidden = rangeOf(spanTo('secret'));
  // Which branch is taken does not count: that it is not taken would tell something, too.
  assert.equal(
    forUser(subject, transaction({ compares: [compare('a')], failure: [hidden] })),
    'permissionDenied',
  );
  let nested: TransactionCommand = transaction({ success: [hidden] });
  for (let depth = 0; depth < 3; depth++) {
    nested = depth % 2 === 0 ? transaction({ success: [nested] }) : transaction({ failure: [nested] });
    assert.equal(forUser(subject, nested), 'permissionDenied', `nested ${depth + 1} times`);
  }
});

test('A10 a key is hung on a lease only by those who may write all that hangs there', () => {
  const subject = clusterWith([WRITE_A, { access: 'write', span: spanTo('d') }]);
  const [ofOthers, ofOwn] = LEASES;
  assert.equal(forUser(subject, put('a', { lease: ofOthers! })), 'permissionDenied');
  assert.equal(
    forUser(subject, transaction({ success: [put('a', { lease: ofOthers! })] })),
    'permissionDenied',
  );
  assert.equal(forUser(subject, put('a', { lease: ofOwn! })), 'permitted');
});

test('A11 a lease is ended by those who may write all that hangs on it, and by time', () => {
  const subject = clusterWith([
    { access: 'write', span: spanTo('b') },
    { access: 'write', span: spanTo('d') },
  ]);
  const revoke = (id: (typeof LEASES)[number]): Command => ({
    module: 'leases',
    kind: 'revoke',
    id,
    cause: 'asked',
  });
  assert.equal(forUser(subject, revoke(LEASES[0]!)), 'permissionDenied');
  assert.equal(forUser(subject, revoke(LEASES[1]!)), 'permitted');
  const nobody = codeOf(subject.run(revoke(LEASES[0]!))[0]);
  assert.equal(nobody, 'userEmpty');
  // The leader's clock asks for nobody.
  const { grantNumber } = subject.machine.lease(LEASES[0]!)!;
  const [expired] = subject.run({
    module: 'leases',
    kind: 'revoke',
    id: LEASES[0]!,
    cause: 'expired',
    epoch: 1,
    grantNumber,
  });
  assert.equal(expired?.kind, 'leaseRevoked');
});

test('A5 rights that changed since a caller was made out are not decided by what it was', () => {
  const subject = clusterWith([ALL]);
  const before = callerNow(subject, 'u');
  assert.equal(codeOf(subject.runFor(before, put('a'))[0]), 'permitted');
  subject.runFor(callerNow(subject, 'root'), {
    module: 'auth',
    kind: 'revokePermission',
    role: 'r',
    span: ALL.span,
  });
  assert.equal(codeOf(subject.runFor(before, put('a'))[0]), 'authRevisionOld');
  assert.equal(forUser(subject, put('a')), 'permissionDenied');
});

test('A5 what a user may do follows every change of its roles', () => {
  const subject = clusterWith([]);
  const asRoot = (command: Command): void => {
    assert.equal(codeOf(subject.runFor(callerNow(subject, 'root'), command)[0]), 'permitted');
  };
  assert.equal(forUser(subject, put('a')), 'permissionDenied');
  asRoot({ module: 'auth', kind: 'grantPermission', role: 'r', permission: ALL });
  assert.equal(forUser(subject, put('a')), 'permitted');
  asRoot({ module: 'auth', kind: 'revokeRole', user: 'u', role: 'r' });
  assert.equal(forUser(subject, put('a')), 'permissionDenied');
  asRoot({ module: 'auth', kind: 'grantRole', user: 'u', role: 'root' });
  assert.equal(forUser(subject, put('a')), 'permitted');
  asRoot({ module: 'auth', kind: 'deleteUser', user: 'u' });
  assert.equal(forUser(subject, put('a')), 'permissionDenied');
});

test('A13 users and roles are changed, and history is taken away, only by root', () => {
  const subject = clusterWith([ALL]);
  const forRoot: readonly Command[] = [
    { module: 'auth', kind: 'enable' },
    { module: 'auth', kind: 'disable' },
    { module: 'auth', kind: 'addUser', user: 'intruder', passwordHash: 'hash' },
    { module: 'auth', kind: 'changePassword', user: 'root', passwordHash: 'mine' },
    { module: 'auth', kind: 'deleteUser', user: 'root' },
    { module: 'auth', kind: 'grantRole', user: 'u', role: 'root' },
    { module: 'auth', kind: 'revokeRole', user: 'root', role: 'root' },
    { module: 'auth', kind: 'addRole', role: 'intruders' },
    { module: 'auth', kind: 'deleteRole', role: 'root' },
    { module: 'auth', kind: 'grantPermission', role: 'r', permission: ALL },
    { module: 'auth', kind: 'revokePermission', role: 'r', span: ALL.span },
    { module: 'keyspace', kind: 'compact', revision: revision(1) },
  ];
  const before = subject.machine.auth.revision;
  for (const command of forRoot) {
    assert.equal(forUser(subject, command), 'permissionDenied', command.kind);
    assert.equal(codeOf(subject.run(command)[0]), 'userEmpty', command.kind);
  }
  assert.equal(subject.machine.auth.revision, before);
});

test('A3 nobody, and a user who is not there, may do nothing; a member may do what is its own to do', () => {
  const subject = clusterWith([]);
  assert.equal(codeOf(subject.run(put('a'))[0]), 'userEmpty');
  assert.equal(codeOf(subject.runFor(callerNow(subject, 'ghost'), put('a'))[0]), 'permissionDenied');
  const grant: Command = { module: 'leases', kind: 'grant', id: leaseId('00000000000000ff'), ttlSeconds: 60 };
  assert.equal(codeOf(subject.run(grant)[0]), 'userEmpty');
  assert.equal(codeOf(subject.runFor(callerNow(subject, 'ghost'), grant)[0]), 'permissionDenied');
  assert.equal(forUser(subject, grant), 'permitted');
  const compaction: Command = { module: 'keyspace', kind: 'compact', revision: subject.machine.revision };
  assert.equal(codeOf(subject.runFor(OWN_RESOLVE, compaction)[0]), 'permitted');
});

test('A3 of a list with one forbidden command nothing is applied', () => {
  const subject = clusterWith([WRITE_A]);
  const before = subject.machine.revision;
  const results = subject.runFor(callerNow(subject, 'u'), put('a'), put('b'));
  assert.deepEqual(results.map(codeOf), ['permissionDenied', 'permissionDenied']);
  assert.equal(subject.machine.revision, before);
});

test('A15 while auth is disabled, callers do not count', () => {
  const subject = clusterWith([]);
  subject.runFor(callerNow(subject, 'root'), { module: 'auth', kind: 'disable' });
  assert.equal(codeOf(subject.run(put('a'))[0]), 'permitted');
  assert.equal(codeOf(subject.runFor(callerNow(subject, 'ghost'), put('a'))[0]), 'permitted');
});
