/** The client commands as processes: the way through main.ts, signals, and a reader that leaves early. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EtcdClient } from '../../member/etcd-client.ts';
import { TestCluster } from '../../member/test-cluster.ts';
import { run, SynodProcess } from '../synod-process.ts';

const endings: (() => unknown)[] = [];
let endpoint = '';
let client: EtcdClient;
before(async () => {
  const cluster = await TestCluster.started({ after: (job) => void endings.push(job) }, { size: 1 });
  client = cluster.members[0]!.client;
  endpoint = `--endpoints=127.0.0.1:${cluster.members[0]!.running!.clientPorts[0]}`;
});
after(async () => {
  for (const end of endings) await end();
});

test('flags may stand before the command; its answer and exit code come through', async (context) => {
  assert.deepEqual(await run(context, [endpoint, 'put', 'process/a', '1']), {
    code: 0,
    stdout: 'OK\n',
    stderr: '',
  });
  assert.equal(
    (await run(context, [endpoint, '-w', 'json', 'get', 'process/a'])).stdout.slice(0, 11),
    '{"header":{',
  );
  assert.equal((await run(context, ['get'])).code, 128);
});

test('a word that nobody knows: exit code 2 and the nearest', async (context) => {
  const { code, stderr } = await run(context, ['gett', 'a']);
  assert.equal(code, 2);
  assert.match(stderr, /unknown command 'gett'\n\(Did you mean get\?\)\nSee 'synod --help'/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal}: a lock is released, a watch ends`, async (context) => {
    const lock = new SynodProcess(context, [endpoint, 'lock', signal]);
    await lock.line(new RegExp(`^${signal}/[0-9a-f]+$`));
    lock.child.kill(signal);
    assert.deepEqual(
      { code: (await lock.ended).code, stderr: (await lock.ended).stderr },
      { code: 0, stderr: '' },
    );
    assert.equal((await run(context, [endpoint, 'get', '--prefix', `${signal}/`])).stdout, '');

    await run(context, [endpoint, 'put', 'process/w', '1']);
    const watch = new SynodProcess(context, [endpoint, 'watch', '--prefix', 'process/', '--rev=1']);
    await watch.line(/^process\/w$/);
    watch.child.kill(signal);
    assert.deepEqual(
      { code: (await watch.ended).code, stderr: (await watch.ended).stderr },
      { code: 130, stderr: '' },
    );
  });

test('a long answer reaches whoever reads it through a pipe, to its end', async (context) => {
  const value = 'x'.repeat(1_000_000);
  await client.put('process/long', value);
  const { code, stdout } = await run(context, [endpoint, 'get', 'process/long', '--print-value-only']);
  assert.equal(code, 0);
  assert.equal(stdout.length, value.length + 1);
});

test('a reader that leaves early is no fault', async (context) => {
  await run(context, [endpoint, 'put', 'process/b', 'x']);
  const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
  const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" completion bash | head -c 1`], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
});
