/** etcdctl's alarms, and a cluster whose store is at its quota. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';

const QUOTA_BYTES = 8 * 1024 * 1024;
const VALUE = 'v'.repeat(1024 * 1024);
/** More than fit into the quota. */
const PUTS_MAX = 12;
const NO_SPACE = /etcdserver: mvcc: database space exceeded/;
const SETTLED_MS_MAX = 10_000;

const cluster = sharedCluster({ extraFlags: [`--quota-backend-bytes=${QUOTA_BYTES}`] });

const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;
const refusal = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, args);
  assert.notEqual(code, 0);
  return stderr;
};

test('alarm list and disarm without an alarm', async () => {
  assert.equal(await output('alarm', 'list'), '');
  assert.equal(await output('alarm', 'disarm'), '');
});

test('at the quota: puts are refused with NOSPACE, deletes and compaction free the space, and puts go on', async () => {
  let refused = '';
  for (let i = 0; refused === '' && i < PUTS_MAX; i++) {
    const finished = await etcdctlAnyExit(cluster().members, ['put', `fill/${i}`], VALUE);
    if (finished.code !== 0) refused = finished.stderr;
  }
  assert.match(refused, NO_SPACE);
  assert.match(await output('alarm', 'list'), /^(memberID:\d+ alarm:NOSPACE \n)+$/);
  assert.match(await refusal('put', 'k', 'v'), NO_SPACE);
  assert.match(await refusal('lease', 'grant', '60'), NO_SPACE);
  assert.match(await output('endpoint', 'status', '-w', 'json'), /"errors":\["memberID:\d+ alarm:NOSPACE "/);
  for (const { clientUrl } of cluster().members) {
    const health = await fetch(`${clientUrl}/health`);
    assert.equal(health.status, 503);
    assert.match(await health.text(), /"health":"false"/);
  }
  assert.match(await output('get', 'fill/0', '--keys-only'), /fill\/0/);
  const revision = headerRevision(await output('del', 'fill/', '--prefix', '-w', 'json'));
  await output('compaction', `${revision}`, '--physical');
  await output('defrag');
  // Synod clears the alarm by itself by now, or soon; etcd waits for somebody to do it.
  const deadline = performance.now() + SETTLED_MS_MAX;
  while ((await etcdctlAnyExit(cluster().members, ['put', 'k', 'v'])).code !== 0) {
    assert.ok(performance.now() < deadline, 'writes do not go on');
    await output('alarm', 'disarm');
  }
  assert.equal(await output('alarm', 'list'), '');
});
