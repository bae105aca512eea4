/** etcdctl's auth, user and role commands, and everything else it does on behalf of a user. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdctl, etcdctlAnyExit, RunningEtcdctl } from './etcdctl.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;
const asRoot = (...args: string[]): Promise<string> => output('--user=root:secret', ...args);
const refusal = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, args);
  assert.notEqual(code, 0, args.join(' '));
  return stderr;
};

test('users, roles and permissions, from none to an enabled auth and back', async (context) => {
  await context.test('roles and users are made and shown', async () => {
    assert.equal(await output('role', 'add', 'reader'), 'Role reader created\n');
    assert.equal(
      await output('role', 'grant-permission', 'reader', 'read', 'app/', '--prefix'),
      'Role reader updated\n',
    );
    await output('role', 'grant-permission', 'reader', 'readwrite', 'app/own');
    await output('role', 'grant-permission', 'reader', 'write', 'out', '--from-key');
    assert.equal(
      await output('role', 'get', 'reader'),
      [
        'Role reader',
        'KV Read:',
        '\t[app/, app0) (prefix app/)',
        '\tapp/own',
        'KV Write:',
        '\tapp/own',
        '\t[out, <open ended>',
        '',
      ].join('\n'),
    );
    assert.equal(await output('user', 'add', 'root:secret'), 'User root created\n');
    assert.equal(await output('user', 'add', 'ann:pass'), 'User ann created\n');
    assert.equal(await output('user', 'add', 'cert', '--no-password'), 'User cert created\n');
    assert.equal(await output('user', 'grant-role', 'ann', 'reader'), 'Role reader is granted to user ann\n');
    assert.match(await refusal('user', 'grant-role', 'ann', 'writer'), /role name not found/);
    assert.equal(await output('user', 'list'), 'ann\ncert\nroot\n');
    assert.equal(await output('user', 'get', 'ann'), 'User: ann\nRoles: reader\n');
  });

  await context.test(
    'auth enable: etcdctl gives root its role where it is told that it has none',
    async () => {
      await output('put', 'app/own', '1');
      await output('put', 'app/shared', '2');
      await output('put', 'hidden', '3');
      assert.match(await output('auth', 'enable'), /Authentication Enabled\n$/);
      assert.match(await asRoot('user', 'get', 'root'), /Roles: root/);
    },
  );

  await context.test('who says nothing, or says it wrong, is refused', async () => {
    assert.match(await refusal('get', 'app/own'), /user name is empty/);
    assert.match(await refusal('user', 'list'), /user name is empty/);
    assert.match(
      await refusal('--user=ann:wrong', 'get', 'app/own'),
      /authentication failed, invalid user ID or password/,
    );
    assert.match(
      await refusal('--user=cert:x', 'get', 'app/own'),
      /password was given for no password user|authentication failed/,
    );
  });

  await context.test('a user has what it was granted', async () => {
    const asAnn = (...args: string[]): Promise<string> => output('--user=ann:pass', ...args);
    const refusedToAnn = (...args: string[]): Promise<string> => refusal('--user=ann:pass', ...args);
    assert.equal(await asAnn('get', '--prefix', 'app/', '--print-value-only'), '1\n2\n');
    assert.equal(await asAnn('put', 'app/own', '4'), 'OK\n');
    assert.equal(await asAnn('put', 'zoo', '5'), 'OK\n');
    for (const args of [
      ['put', 'app/shared', '6'],
      ['get', 'zoo'],
      ['get', 'app/own', '--from-key'],
      ['put', 'zoo', '6', '--prev-kv'],
      ['del', 'hidden'],
      ['user', 'list'],
      ['role', 'list'],
      ['user', 'get', 'root'],
      ['auth', 'disable'],
    ])
      assert.match(await refusedToAnn(...args), /permission denied/, args.join(' '));
    assert.match(await asAnn('user', 'get', 'ann'), /Roles: reader/);
    assert.match(await asAnn('role', 'get', 'reader'), /app\/own/);
    assert.match(await asAnn('member', 'list'), /started/);
    assert.match(await asAnn('endpoint', 'status'), /127\.0\.0\.1/);
  });

  await context.test('a watch shows what may be read', async () => {
    const watching = (...args: string[]): RunningEtcdctl =>
      new RunningEtcdctl(cluster().members, ['--user=ann:pass', 'watch', ...args]);
    const { stderr } = await watching('app/own', 'zoo').untilExit();
    assert.match(stderr, /permission denied/);
    const watch = watching('--prefix', 'app/');
    try {
      // The watch has no word for "created": puts go on until one is seen.
      let seen = false;
      const arrived = watch
        .untilStdout((text) => text.includes('app/shared'))
        .finally(() => {
          seen = true;
        });
      while (!seen) await Promise.race([asRoot('put', 'app/shared', 'news'), arrived]);
      await arrived;
    } finally {
      await watch.interrupt();
    }
  });

  await context.test('rights that are taken back are gone', async () => {
    await asRoot('role', 'revoke-permission', 'reader', 'app/own');
    assert.match(await refusal('--user=ann:pass', 'put', 'app/own', '7'), /permission denied/);
    await asRoot('user', 'revoke-role', 'ann', 'reader');
    assert.match(await refusal('--user=ann:pass', 'get', 'app/shared'), /permission denied/);
    await asRoot('user', 'delete', 'ann');
    assert.match(await refusal('--user=ann:pass', 'get', 'app/shared'), /authentication failed/);
    assert.match(await refusal('--user=root:secret', 'user', 'delete', 'root'), /invalid auth management/);
  });

  await context.test('auth disable', async () => {
    assert.equal(await asRoot('auth', 'disable'), 'Authentication Disabled\n');
    assert.equal(await output('get', 'hidden', '--print-value-only'), '3\n');
  });
});
