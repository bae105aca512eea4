/** etcdctl's lock and elect: exclusion, hand-over, release on Ctrl-C, the exec forms. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdctl, etcdctlAnyExit, RunningEtcdctl } from './etcdctl.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const start = (...args: string[]): RunningEtcdctl => new RunningEtcdctl(cluster().members, args);
const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;
const keysUnder = async (prefix: string): Promise<string[]> =>
  (await output('get', '--prefix', '--keys-only', prefix)).split('\n').filter((line) => line !== '');

/** Long enough that a lock which does not exclude would have been taken. */
const EXCLUSION_PROBE_MS = 500;

describe('lock', () => {
  test('is held by one, waits for the other, passes on at Ctrl-C and leaves nothing behind', async () => {
    const holder = start('lock', 'excl');
    assert.match(await holder.untilStdout((text) => text.endsWith('\n\n')), /^excl\/[0-9a-f]+\n\n$/);
    const waiter = start('lock', 'excl');
    await until(async () => (await keysUnder('excl/')).length === 2);
    await sleep(EXCLUSION_PROBE_MS);
    assert.equal(waiter.stdout, '');
    await holder.interrupt();
    await waiter.untilStdout((text) => /^excl\/[0-9a-f]+\n\n$/.test(text));
    assert.notEqual(waiter.stdout, holder.stdout);
    await waiter.interrupt();
    assert.deepEqual(await keysUnder('excl/'), []);
  });

  test('the exec form runs under the lock, passes key and revision, and releases it after', async () => {
    const text = await output('lock', 'exec', '--', 'sh', '-c', 'echo "$ETCD_LOCK_KEY $ETCD_LOCK_REV"');
    const [, key, revision] = /^(exec\/[0-9a-f]+) (\d+)\n$/.exec(text) ?? [];
    assert.ok(key && Number(revision) > 1, text);
    const failing = await etcdctlAnyExit(cluster().members, ['lock', 'exec', '--', 'sh', '-c', 'exit 3']);
    assert.match(failing.stderr, /Error: exit status 3/);
    assert.deepEqual(await keysUnder('exec/'), []);
  });

  test('ten processes that count under one lock lose no count', async () => {
    await output('put', 'counter', '0');
    const increment = [
      'V=$(etcdctl get --print-value-only counter)',
      'sleep 0.02',
      'etcdctl put counter $((V + 1))',
    ].join(' && ');
    const env = `ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${cluster().endpoints}`;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        output('lock', 'count', '--', 'sh', '-c', `export ${env}; ${increment}`),
      ),
    );
    assert.equal(await output('get', '--print-value-only', 'counter'), '10\n');
  });

  test('of a holder that is killed goes over when its lease ends', async () => {
    const holder = start('lock', '--ttl=2', 'killed');
    await holder.untilStdout((text) => text.startsWith('killed/'));
    holder.child.kill('SIGKILL');
    const waiter = start('lock', 'killed');
    await waiter.untilStdout((text) => text.startsWith('killed/'), 15_000);
    await waiter.interrupt();
  });
});

describe('elect', () => {
  test('one of two candidates leads, listeners hear of it, the other follows at Ctrl-C', async () => {
    const first = start('elect', 'vote', 'alpha');
    await first.untilStdout((text) => /^vote\/[0-9a-f]+\nalpha\n$/.test(text));
    const listener = start('elect', '--listen', 'vote');
    await listener.untilStdout((text) => text.includes('alpha\n'));
    const second = start('elect', 'vote', 'beta');
    await until(async () => (await keysUnder('vote/')).length === 2);
    await sleep(EXCLUSION_PROBE_MS);
    assert.equal(second.stdout, '');
    await first.interrupt();
    await second.untilStdout((text) => /^vote\/[0-9a-f]+\nbeta\n$/.test(text));
    await listener.untilStdout((text) => text.includes('beta\n'));
    await second.interrupt();
    await listener.interrupt();
    assert.deepEqual(await keysUnder('vote/'), []);
  });

  test('a leader survives the death of the cluster’s own leader', async () => {
    const candidate = start('elect', 'fail', 'gamma');
    await candidate.untilStdout((text) => text.includes('gamma\n'));
    const leader = await cluster().leader();
    await leader.kill();
    const survivors = cluster().members.filter((member) => member.isRunning);
    const listener = new RunningEtcdctl(survivors, ['elect', '--listen', 'fail']);
    await listener.untilStdout((text) => text.includes('gamma\n'));
    await listener.interrupt();
    await leader.start();
    await candidate.interrupt();
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('what was awaited did not come about within 10 s');
    await sleep(50);
  }
}
