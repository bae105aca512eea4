/** The npm client etcd3: keys, transactions, namespaces, leases and watches. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect, type Etcd3, type KeyValue, type Watcher } from './etcd3-client.ts';
import { sharedCluster } from './shared-cluster.ts';

let client: Etcd3;
const cluster = sharedCluster(
  {},
  {
    started: (started) => {
      client = connect(started.members);
    },
    stopping: () => client?.close(),
  },
);

describe('keys', () => {
  test('put, get, getAll, counts, sorting and limits', async () => {
    for (const [at, key] of ['x', 'y', 'z'].entries()) await client.put(`k/${key}`).value(3 - at);
    assert.equal(await client.get('k/x').number(), 3);
    assert.equal(await client.get('k/none').string(), null);
    assert.deepEqual(await client.getAll().prefix('k/').numbers(), { 'k/x': 3, 'k/y': 2, 'k/z': 1 });
    assert.equal(await client.getAll().prefix('k/').count(), 3);
    assert.deepEqual(await client.getAll().prefix('k/').sort('Value', 'Ascend').limit(2).keys(), [
      'k/z',
      'k/y',
    ]);
    const limited = await client.getAll().prefix('k/').limit(1).exec();
    assert.deepEqual([limited.more, limited.count, limited.kvs.length], [true, '3', 1]);
  });

  test('a get at a revision, and one that may be stale', async () => {
    const { header } = await client.put('past').value('then').exec();
    await client.put('past').value('now');
    assert.equal(await client.get('past').revision(header.revision).string(), 'then');
    assert.equal(await client.get('past').serializable(true).exists(), true);
  });

  test('any 256 bytes come back', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    await client.put('bytes').value(bytes);
    assert.deepEqual(await client.get('bytes').buffer(), bytes);
  });

  test('previous values, touch, and deletion of ranges', async () => {
    await client.put('d/a').value('1');
    assert.equal((await client.put('d/a').value('2').getPrevious())?.value.toString(), '1');
    await client.put('d/a').touch();
    assert.equal(await client.get('d/a').string(), '2');
    for (const key of ['b', 'c', 'd']) await client.put(`d/${key}`).value(key);
    assert.equal((await client.delete().inRange({ start: 'd/b', end: 'd/d' }).exec()).deleted, '2');
    const gone = await client.delete().prefix('d/').getPrevious();
    assert.deepEqual(
      gone.map((kv) => `${kv.key}=${kv.value}`),
      ['d/a=2', 'd/d=d'],
    );
    assert.deepEqual(await client.getAll().prefix('d/').keys(), []);
  });

  test('a namespace sees its own keys only', async () => {
    const inside = client.namespace('ns/');
    await inside.put('a').value('1');
    await client.put('outside').value('2');
    assert.equal(await client.get('ns/a').string(), '1');
    assert.deepEqual(await inside.getAll().strings(), { a: '1' });
    assert.equal(await inside.get('outside').string(), null);
    await inside.delete().all();
    assert.equal(await client.get('outside').string(), '2');
    assert.equal(await client.get('ns/a').string(), null);
  });

  test('an error carries etcd’s words', async () => {
    await assert.rejects(client.put('').value('x').exec(), /etcdserver: key is not provided/);
    await assert.rejects(
      client.get('past').revision(10_000_000).string(),
      /etcdserver: mvcc: required revision is a future revision/,
    );
  });
});

describe('transactions', () => {
  test('if, then, else; every column', async () => {
    const lease = client.lease(600, { autoKeepAlive: false });
    await lease.put('cmp').value('v');
    await lease.put('cmp').value('w');
    const id = BigInt(await lease.grant()).toString();
    const kv = (await client.getAll().prefix('cmp').exec()).kvs[0]!;
    const holding: readonly Parameters<Etcd3['if']>[] = [
      ['cmp', 'Version', '==', 2],
      ['cmp', 'Version', '!=', 3],
      ['cmp', 'Version', '>', 1],
      ['cmp', 'Create', '==', kv.create_revision],
      ['cmp', 'Mod', '==', kv.mod_revision],
      ['cmp', 'Mod', '<', Number(kv.mod_revision) + 1],
      ['cmp', 'Value', '==', 'w'],
      ['cmp', 'Value', '>', 'v'],
      ['cmp', 'Lease', '==', id],
      ['none', 'Create', '==', 0],
      ['none', 'Lease', '==', 0],
    ];
    for (const comparison of holding) {
      const { succeeded } = await client.if(...comparison).commit();
      assert.equal(succeeded, true, comparison.join(' '));
    }
    const failed = await client
      .if('cmp', 'Version', '==', 9)
      .and('cmp', 'Value', '==', 'w')
      .then(client.put('then').value('1'))
      .else(client.put('else').value('1'), client.get('cmp'))
      .commit();
    assert.deepEqual([failed.succeeded, failed.responses.length], [false, 2]);
    assert.equal(await client.get('then').exists(), false);
    assert.equal(await client.get('else').exists(), true);
    await lease.revoke();
  });

  test('a failed compare of a value that is not there does not hold, not even !=', async () => {
    const { succeeded } = await client.if('none', 'Value', '!=', 'x').commit();
    assert.equal(succeeded, false);
  });

  test('software transactions that contend lose no update', async () => {
    await client.put('stm').value(0);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        client.stm({ retries: 1000 }).transact(async (transaction) => {
          const value = await transaction.get('stm').number();
          await transaction.put('stm').value((value ?? 0) + 1);
        }),
      ),
    );
    assert.equal(await client.get('stm').number(), 8);
  });
});

describe('leases', () => {
  test('keep themselves alive past their TTL, and take their keys along when revoked', async () => {
    const lease = client.lease(2);
    await lease.put('lease/a').value('1');
    for (let renewed = 0; renewed < 4; renewed++) await once(lease, 'keepaliveSucceeded');
    assert.equal(await client.get('lease/a').string(), '1');
    await lease.revoke();
    assert.equal(await client.get('lease/a').string(), null);
    assert.equal(lease.revoked(), true);
  });

  test('tell that they are lost when somebody else revokes them', async () => {
    const lease = client.lease(2);
    const id = await lease.grant();
    await once(lease, 'keepaliveEstablished');
    const lost = once(lease, 'lost');
    const { etcdctl } = await import('./etcdctl.ts');
    await etcdctl(cluster().members, ['lease', 'revoke', BigInt(id).toString(16)]);
    const [error] = (await lost) as [Error];
    assert.equal(error.constructor.name, 'EtcdLeaseInvalidError');
  });

  test('released, not revoked, run out', async () => {
    const lease = client.lease(1);
    await lease.put('lease/b').value('1');
    const watcher = await client.watch().key('lease/b').create();
    const deleted = once(watcher, 'delete');
    lease.release();
    await deleted;
    await watcher.cancel();
    assert.equal(await client.get('lease/b').string(), null);
  });
});

describe('watches', () => {
  /** Collects `put key value` and `delete key` lines. */
  function collect(watcher: Watcher): string[] {
    const lines: string[] = [];
    watcher.on('put', (kv: KeyValue) => lines.push(`put ${kv.key} ${kv.value}`));
    watcher.on('delete', (kv: KeyValue) => lines.push(`delete ${kv.key}`));
    return lines;
  }
  const writes = async (prefix: string): Promise<void> => {
    await client.put(`${prefix}/a`).value('1');
    await client.put(`${prefix}/b`).value('2');
    await client.delete().key(`${prefix}/a`);
    await client.put(`${prefix}/end`).value('end');
  };
  const untilEnd = (watcher: Watcher): Promise<void> =>
    new Promise((resolve) => {
      watcher.on('put', (kv: KeyValue) => {
        if (kv.value.toString() === 'end') resolve();
      });
    });

  test('a prefix, with previous values', async () => {
    const watcher = await client.watch().prefix('w1/').withPreviousKV().create();
    const lines = collect(watcher);
    const previous: (string | undefined)[] = [];
    watcher.on('delete', (_kv: KeyValue, before?: KeyValue) => previous.push(before?.value.toString()));
    const end = untilEnd(watcher);
    await writes('w1');
    await end;
    await watcher.cancel();
    assert.deepEqual(lines, ['put w1/a 1', 'put w1/b 2', 'delete w1/a', 'put w1/end end']);
    assert.deepEqual(previous, ['1']);
  });

  test('C13 filters: puts only, deletions only', async () => {
    const puts = await client.watch().prefix('w2/').only('put').create();
    const deletions = await client.watch().prefix('w2/').only('delete').create();
    const [seenPuts, seenDeletions] = [collect(puts), collect(deletions)];
    const [end, deleted] = [untilEnd(puts), once(deletions, 'delete')];
    await writes('w2');
    await Promise.all([end, deleted]);
    assert.deepEqual(seenPuts, ['put w2/a 1', 'put w2/b 2', 'put w2/end end']);
    assert.deepEqual(seenDeletions, ['delete w2/a']);
    await Promise.all([puts.cancel(), deletions.cancel()]);
  });

  test('C9 from a past revision, without gap', async () => {
    const { header } = await client.put('w3/first').value('1').exec();
    await writes('w3');
    const watcher = await client.watch().prefix('w3/').startRevision(header.revision).create();
    const lines = collect(watcher);
    await untilEnd(watcher);
    await watcher.cancel();
    assert.deepEqual(lines, ['put w3/first 1', 'put w3/a 1', 'put w3/b 2', 'delete w3/a', 'put w3/end end']);
  });

  test('a cancelled watch delivers no more, the others on its stream do', async () => {
    const cancelled = await client.watch().prefix('w4/').create();
    const going = await client.watch().prefix('w4/').create();
    const lines = collect(cancelled);
    await cancelled.cancel();
    const end = untilEnd(going);
    await writes('w4');
    await end;
    assert.deepEqual(lines, []);
    await going.cancel();
  });
});
