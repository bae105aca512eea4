/** When a majority is gone for good, one member goes on alone with all that it has (G9). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberConfig } from '../../src/config/member-config.ts';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { PROTOCOLS, TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };

async function startForced(cluster: TestCluster, member: TestMember, changed: Partial<MemberConfig> = {}) {
  const { config } = member;
  Object.assign(member, { config: { ...config, forceNewCluster: true, ...changed } });
  try {
    return await cluster.start(member);
  } finally {
    Object.assign(member, { config });
  }
}

const names = async ({ client }: TestMember): Promise<unknown[]> =>
  ((await client.call('Cluster', 'MemberList', { linearizable: true }))['members'] as TableMessage[]).map(
    ({ name }) => name,
  );

for (const protocol of PROTOCOLS) {
  test(
    `${protocol}: G9 the last of three goes on alone, grows again, and turns the others away`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, {
        protocol,
        snapshotCount: 40,
        strictReconfiguration: false,
      });
      const [first, second, third] = cluster.members as [TestMember, TestMember, TestMember];
      for (let i = 0; i < 100; i++) await first.client.put(`key/${i}`, String(i));
      await cluster.stop(third);
      for (let i = 100; i < 130; i++) await first.client.put(`key/${i}`, String(i));
      await cluster.stop(first);
      await cluster.stop(second);

      await (await startForced(cluster, second)).ready;
      assert.deepEqual(await names(second), ['m2']);
      for (let i = 0; i < 130; i++) assert.equal(await second.client.get(`key/${i}`), String(i));
      await second.client.put('alone', 'yes');
      await cluster.stop(second);
      await (await cluster.start(second)).ready;
      assert.equal(await second.client.get('alone'), 'yes');

      const added = await cluster.add(second);
      await (await cluster.start(added)).ready;
      assert.equal(await added.client.get('alone'), 'yes');
      assert.match(await (await cluster.start(first)).removed, /has been removed from the cluster/);
      await cluster.stop(first);
    },
  );

  test(
    `${protocol}: G9 a learner, and who was removed, cannot be the one; without data a cluster is founded`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, size: 1, strictReconfiguration: false });
      const [first] = cluster.members as [TestMember];
      const learner = await cluster.add(first, true);
      await (await cluster.start(learner)).ready;
      await cluster.stop(learner);
      await assert.rejects(startForced(cluster, learner), /it is a learner\. Take another member/);
      await cluster.stop(first);
      const fresh = `${first.config.dataDirectory}.fresh`;
      await (await startForced(cluster, first, { dataDirectory: fresh })).ready;
      assert.deepEqual(await names(first), ['m1']);
    },
  );
}
