/** Users, roles and permissions through the log: what each command comes to, and that it is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_AFTER, type AuthCommand, type Caller, type CommandResult, key } from '@synod/coordination';
import { byCodePoints } from '../../src/auth/accounts.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

type Change = AuthCommand extends infer One ? (One extends AuthCommand ? Omit<One, 'module'> : never) : never;

const ROOT_CALLER: Caller = { kind: 'user', name: 'root', authRevision: Number.MAX_SAFE_INTEGER };

function outcome(result: CommandResult | undefined): string {
  assert.ok(result !== undefined);
  return result.kind === 'failure' ? result.reason.code : result.kind;
}

/** Runs changes as root and says what each came to. */
function run(subject: MachineUnderTest, ...changes: Change[]): string[] {
  return changes.map((change) => outcome(subject.runFor(ROOT_CALLER, { module: 'auth', ...change })[0]));
}

const ENABLED: readonly Change[] = [
  { kind: 'addUser', user: 'root', passwordHash: 'hash' },
  { kind: 'grantRole', user: 'root', role: 'root' },
  { kind: 'enable' },
];

test('A2 auth cannot be enabled without a root user who has the root role', () => {
  const subject = new MachineUnderTest();
  assert.deepEqual(run(subject, { kind: 'enable' }), ['rootUserMissing']);
  assert.deepEqual(run(subject, ENABLED[0]!, { kind: 'enable' }), ['authChanged', 'rootRoleMissing']);
  assert.deepEqual(run(subject, ENABLED[1]!, { kind: 'enable' }), ['authChanged', 'authChanged']);
  assert.equal(subject.machine.auth.isEnabled, true);
});

test('A2 while auth is enabled, nobody can lock everybody out', () => {
  const subject = new MachineUnderTest();
  run(subject, ...ENABLED, { kind: 'addRole', role: 'root' });
  const fatal: Change[] = [
    { kind: 'deleteUser', user: 'root' },
    { kind: 'revokeRole', user: 'root', role: 'root' },
    { kind: 'deleteRole', role: 'root' },
  ];
  assert.deepEqual(
    run(subject, ...fatal),
    fatal.map(() => 'authManagementInvalid'),
  );
  run(subject, { kind: 'disable' });
  assert.deepEqual(run(subject, ...fatal), ['authChanged', 'userNotFound', 'authChanged']);
});

test('A1 what is wrong with a command is its result, and changes nothing', () => {
  const subject = new MachineUnderTest();
  run(subject, { kind: 'addUser', user: 'u', passwordHash: undefined }, { kind: 'addRole', role: 'r' });
  const span = { from: key('a'), to: undefined };
  const wrong: readonly (readonly [Change, string])[] = [
    [{ kind: 'addUser', user: '', passwordHash: 'hash' }, 'userEmpty'],
    [{ kind: 'addUser', user: 'u', passwordHash: 'hash' }, 'userExists'],
    [{ kind: 'changePassword', user: 'nobody', passwordHash: 'hash' }, 'userNotFound'],
    [{ kind: 'deleteUser', user: 'nobody' }, 'userNotFound'],
    [{ kind: 'grantRole', user: 'nobody', role: 'r' }, 'userNotFound'],
    [{ kind: 'grantRole', user: 'u', role: 'none' }, 'roleNotFound'],
    [{ kind: 'revokeRole', user: 'nobody', role: 'r' }, 'userNotFound'],
    [{ kind: 'revokeRole', user: 'u', role: 'r' }, 'roleNotGranted'],
    [{ kind: 'addRole', role: '' }, 'roleEmpty'],
    [{ kind: 'addRole', role: 'r' }, 'roleExists'],
    [{ kind: 'deleteRole', role: 'none' }, 'roleNotFound'],
    [{ kind: 'grantPermission', role: 'none', permission: { access: 'read', span } }, 'roleNotFound'],
    [{ kind: 'revokePermission', role: 'none', span }, 'roleNotFound'],
    [{ kind: 'revokePermission', role: 'r', span }, 'permissionNotGranted'],
    [{ kind: 'signIn', user: 'u', authRevision: 3, token: 't' }, 'authNotEnabled'],
  ];
  const before = subject.machine.auth.revision;
  for (const [change, expected] of wrong) assert.deepEqual(run(subject, change), [expected], change.kind);
  assert.equal(subject.machine.auth.revision, before);
});

test('A1 the auth revision rises by one with every change, and by nothing else', () => {
  const subject = new MachineUnderTest();
  const revisions = [...ENABLED, ENABLED[1]!, { kind: 'disable' } as const, { kind: 'disable' } as const].map(
    (change) => {
      run(subject, change);
      return subject.machine.auth.revision;
    },
  );
  // To enable changes no right of anybody, and neither does a role that the user has already.
  assert.deepEqual(revisions, [2, 3, 3, 3, 4, 4]);
});

test('A6 of one span a role has one permission, the last one granted', () => {
  const subject = new MachineUnderTest();
  const grant = (access: 'read' | 'write' | 'readWrite', from: string, to?: string): Change => ({
    kind: 'grantPermission',
    role: 'r',
    permission: { access, span: { from: key(from), to: to === undefined ? undefined : key(to) } },
  });
  run(subject, { kind: 'addRole', role: 'r' });
  run(subject, grant('read', 'b'), grant('read', 'a', 'c'), grant('write', 'a'), grant('write', 'a', 'c'));
  assert.deepEqual(
    subject.machine.auth.role('r')?.permissions.map(({ access, span }) => [access, span.from, span.to]),
    [
      ['write', 'a', 'c'],
      ['write', 'a', undefined],
      ['read', 'b', undefined],
    ],
  );
  assert.deepEqual(
    run(
      subject,
      grant('read', ''),
      grant('read', 'b', 'a'),
      grant('read', 'b', 'b'),
      grant('read', 'b', ALL_AFTER),
    ),
    ['authManagementInvalid', 'authManagementInvalid', 'authManagementInvalid', 'authChanged'],
  );
});

test('A1 a role that is deleted is taken from its users', () => {
  const subject = new MachineUnderTest();
  run(
    subject,
    { kind: 'addUser', user: 'u', passwordHash: undefined },
    { kind: 'addRole', role: 'r' },
    { kind: 'addRole', role: 'q' },
    { kind: 'grantRole', user: 'u', role: 'r' },
    { kind: 'grantRole', user: 'u', role: 'q' },
    { kind: 'deleteRole', role: 'r' },
  );
  assert.deepEqual(subject.machine.auth.user('u')?.roles, ['q']);
  assert.deepEqual(subject.machine.auth.roleNames(), ['q']);
});

test('A7 a token is only made for a password that was compared at the present auth revision', () => {
  const subject = new MachineUnderTest();
  run(subject, ...ENABLED);
  const signIn = (authRevision: number): Change => ({
    kind: 'signIn',
    user: 'root',
    authRevision,
    token: 'letters',
  });
  subject.outputs.length = 0;
  assert.deepEqual(run(subject, signIn(2)), ['authRevisionOld']);
  assert.deepEqual(run(subject, signIn(3)), ['signedIn']);
  const changes = subject.outputs.filter((output) => output.kind === 'authChanged');
  // The entry's index ends the token: the fifth of this log.
  assert.deepEqual(changes, [
    { kind: 'authChanged', change: { kind: 'signedIn', user: 'root', token: 'letters.5' } },
  ]);
});

test('A7 whoever loses their password loses their tokens', () => {
  const subject = new MachineUnderTest();
  run(subject, ...ENABLED, { kind: 'addUser', user: 'u', passwordHash: 'hash' });
  subject.outputs.length = 0;
  run(
    subject,
    { kind: 'changePassword', user: 'u', passwordHash: 'other' },
    { kind: 'deleteUser', user: 'u' },
    { kind: 'disable' },
  );
  assert.deepEqual(
    subject.outputs.filter((output) => output.kind === 'authChanged').map(({ change }) => change),
    [{ kind: 'signedOut', user: 'u' }, { kind: 'signedOut', user: 'u' }, { kind: 'disabled' }],
  );
});

test('A1 S8 users and roles outlive a crash, and move with an image', () => {
  const longName = 'n'.repeat(5000);
  const subject = new MachineUnderTest();
  run(
    subject,
    ...ENABLED,
    { kind: 'addUser', user: longName, passwordHash: undefined },
    { kind: 'addRole', role: 'rôle' },
    {
      kind: 'grantPermission',
      role: 'rôle',
      permission: { access: 'readWrite', span: { from: key('\xff'), to: ALL_AFTER } },
    },
    { kind: 'grantRole', user: longName, role: 'rôle' },
    { kind: 'addUser', user: 'gone', passwordHash: 'hash' },
    { kind: 'deleteUser', user: 'gone' },
  );
  const seen = () => {
    const { auth } = subject.machine;
    return {
      isEnabled: auth.isEnabled,
      revision: auth.revision,
      users: auth.userNames().map((name) => auth.user(name)),
      roles: auth.roleNames().map((name) => auth.role(name)),
      hash: subject.machine.stateHash(),
    };
  };
  const before = seen();
  assert.equal(before.users.length, 2);
  subject.machine.persist(() => {});
  subject.crash();
  assert.deepEqual(seen(), before);
  subject.moveByImage(7);
  assert.deepEqual(seen(), before);
  run(subject, { kind: 'addUser', user: 'new', passwordHash: 'hash' });
  const after = seen();
  subject.machine.persist(() => {});
  subject.crash();
  assert.deepEqual(seen(), after);
  assert.equal(after.users.length, 3);
});

test('A1 S1 a member that restarted keeps the same state as one that did not', () => {
  const [restarted, steady] = [new MachineUnderTest(), new MachineUnderTest()];
  for (const subject of [restarted, steady]) {
    run(subject, { kind: 'addUser', user: 'u', passwordHash: 'hash' }, { kind: 'deleteUser', user: 'u' });
    if (subject === restarted) {
      subject.machine.persist(() => {});
      subject.crash();
    }
    run(subject, { kind: 'addRole', role: 'r' });
  }
  assert.equal(restarted.machine.stateHash(), steady.machine.stateHash());
});

test('names are listed in the order of their UTF-8 bytes', () => {
  const names = ['\u{1F600}', '\uffff', 'z', 'a', 'aa', 'é', '\ud7ff', '\ue000', ''];
  const expected = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual([...names].sort(byCodePoints), expected);
});
