/** The npm client etcd3 with credentials: users and roles, and keys, watches and leases on their behalf. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, type Etcd3, prefixRange } from './etcd3-client.ts';
import { sharedCluster } from './shared-cluster.ts';

const open: Etcd3[] = [];
const cluster = sharedCluster(
  {},
  {
    stopping: () => {
      for (const client of open) client.close();
    },
  },
);

function clientOf(username?: string, password = 'pass'): Etcd3 {
  const client = connect(cluster().members, username === undefined ? undefined : { username, password });
  open.push(client);
  return client;
}

test('users and roles, and what they may do', async (context) => {
  const anonymous = clientOf();
  await context.test('are made and shown', async () => {
    await anonymous.role('rw').create();
    await anonymous.role('rw').grant({ permission: 'Readwrite', range: prefixRange('rw/') });
    await anonymous.user('ann').create('pass');
    await anonymous.user('ann').addRole('rw');
    await anonymous.user('root').create('pass');
    await anonymous.user('root').addRole('root');
    assert.deepEqual(
      (await anonymous.getUsers()).map(({ name }) => name),
      ['ann', 'root'],
    );
    assert.deepEqual(
      (await anonymous.user('ann').roles()).map(({ name }) => name),
      ['rw'],
    );
    assert.deepEqual(
      (await anonymous.role('rw').permissions()).map(({ permission }) => permission),
      ['Readwrite'],
    );
    await anonymous.auth.authEnable();
  });

  await context.test('count for keys, transactions, leases and watches', async () => {
    const ann = clientOf('ann');
    await ann.put('rw/key').value('1');
    assert.equal(await ann.get('rw/key').string(), '1');
    await assert.rejects(async () => ann.put('other').value('1'), /permission denied/);
    await assert.rejects(async () => ann.getAll().strings(), /permission denied/);
    await assert.rejects(async () => anonymous.get('rw/key').string(), /user name is empty/);
    await assert.rejects(
      async () => clientOf('ann', 'wrong').get('rw/key').string(),
      /authentication failed/,
    );
    const committed = await ann.if('rw/key', 'Value', '==', '1').then(ann.put('rw/key').value('2')).commit();
    assert.equal(committed.succeeded, true);
    await assert.rejects(
      async () => ann.if('rw/key', 'Value', '==', '2').then(ann.get('other')).commit(),
      /permission denied/,
    );
    const lease = ann.lease(60);
    await lease.put('rw/leased').value('1');
    await lease.keepaliveOnce();
    await lease.revoke();
    const watcher = await ann.watch().prefix('rw/').create();
    const event = once(watcher, 'put');
    await ann.put('rw/seen').value('1');
    const [{ key }] = (await event) as [{ key: Buffer }];
    assert.equal(key.toString(), 'rw/seen');
    await watcher.cancel();
  });

  await context.test('a client signs in again when its token is gone', async () => {
    const ann = clientOf('ann');
    await ann.get('rw/key').string();
    const root = clientOf('root');
    // Another password ends the token; the same one lets the client in again.
    await root.user('ann').setPassword('pass');
    assert.equal(await onceKnown(() => ann.get('rw/key').string()), '2');
    await root.auth.authDisable();
    assert.equal(await clientOf().get('rw/key').string(), '2');
  });
});

/**
 * A member that has not heard of a change takes the token, and learns of it while it reads: it says so in etcd's words, and the
 * client leaves it to its user to ask again.
 */
async function onceKnown<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!(error as Error).message.includes('revision of auth store is old')) throw error;
    }
}
