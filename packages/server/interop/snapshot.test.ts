/** A backup that etcdctl takes while writes go on, and the cluster that Synod makes of it. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { target } from './cluster/target.ts';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { SYNOD } from './synod-command.ts';

const KEYS = 2_000;

test('etcdctl snapshot save while writes go on; restored, the new cluster has what was acknowledged before', async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.destroy());
  const all = cluster.members;
  const value = 'v'.repeat(1_000);
  const first = Array.from({ length: KEYS / 100 }, (_, at) =>
    Array.from({ length: 100 }, (_, i) => `put key/${100 * at + i} "${value}"\n`).join(''),
  );
  for (const puts of first) await etcdctl(all, ['txn'], `\n${puts}\n\n`);
  let isOver = false;
  const writer = (async () => {
    for (let i = 0; !isOver; i++) await etcdctl(all, ['put', 'later', `${i}`]);
  })();
  const file = join(cluster.directory, 'backup.db');
  const follower = await cluster.follower();
  const { stdout } = await etcdctl([follower], ['snapshot', 'save', file]);
  isOver = true;
  await writer;
  assert.match(stdout, /Snapshot saved at /);
  // etcd's files have etcd's own tools.
  if (target.name === 'etcd') return;

  const status = await etcdctlAnyExit(all, ['snapshot', 'status', file, '-w', 'json'], '', SYNOD);
  const facts = JSON.parse(status.stdout) as { revision: number; totalKey: number; totalSize: number };
  assert.ok(facts.totalKey >= KEYS && facts.totalSize > KEYS * value.length, status.stdout);
  await cluster.killAll();
  for (const { options, name, peerUrl } of all) {
    rmSync(options.dataDir, { recursive: true });
    const restored = await etcdctlAnyExit(
      all,
      [
        ...['snapshot', 'restore', file, '--data-dir', options.dataDir, '--name', name],
        ...['--initial-cluster', all.map((member) => `${member.name}=${member.peerUrl}`).join()],
        ...['--initial-cluster-token', options.clusterToken, '--initial-advertise-peer-urls', peerUrl],
        ...['--consensus', target.name === 'synod-paxos' ? 'paxos' : 'raft'],
        ...['--bump-revision', '1000000', '--mark-compacted'],
      ],
      '',
      SYNOD,
    );
    assert.equal(restored.code, 0, restored.stderr);
  }
  await cluster.startAll();
  const count = await etcdctl(all, ['get', 'key/', '--prefix', '--limit=1', '--keys-only', '-w', 'fields']);
  assert.match(count.stdout, new RegExp(`"Count" : ${KEYS}\\n`));
  const revision = /"Revision" : (\d+)/.exec(count.stdout)![1];
  assert.equal(Number(revision), facts.revision + 1_000_000);
  const old = await etcdctlAnyExit(all, ['get', 'key/1', `--rev=${facts.revision}`]);
  assert.match(old.stderr, /required revision has been compacted/);
  await etcdctl(all, ['put', 'after', '1']);
});
