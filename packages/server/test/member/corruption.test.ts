/** A member whose store was tampered with, as the others and its clients see it: found, named, and silent about keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { tamperWith } from './tampered-store.ts';
import { type ClusterOptions, type Ending, PROTOCOLS, TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };
const CORRUPT = /corrupt cluster/;
const OFTEN_MS = 100;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a member says of alarms once there are any. */
async function alarmsOnceRaised(member: TestMember): Promise<readonly TableMessage[]> {
  for (;;) {
    const { alarms } = await member.client.call('Maintenance', 'Alarm', {});
    if (alarms !== undefined) return alarms as readonly TableMessage[];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Three members that agree on some keys, and then one of them, which follows, with another value in the last. */
async function tampered(ending: Ending, options: ClusterOptions) {
  const cluster = await TestCluster.started(ending, options);
  const { leader, followers } = await cluster.roles(cluster.members[0]!);
  const [victim, witness] = [followers[0]!, followers[1]!];
  for (let i = 0; i < 10; i++) await leader.client.put(`key ${i}`, `value ${i}`);
  await cluster.stop(victim);
  await tamperWith(victim);
  await (await cluster.start(victim)).ready;
  return { cluster, leader, victim, witness };
}

async function assertNamed({ leader, victim, witness }: Awaited<ReturnType<typeof tampered>>): Promise<void> {
  const named = [{ memberID: BigInt(`0x${victim.config.memberId}`), alarm: 2n }];
  for (const member of [leader, witness, victim]) assert.deepEqual(await alarmsOnceRaised(member), named);
  const ask = (member: TestMember, serializable: boolean) =>
    member.client.call('KV', 'Range', { key: bytes('key 1'), serializable });
  for (const serializable of [true, false]) {
    for (const healthy of [leader, witness])
      assert.equal((await ask(healthy, serializable))['count'], 1n, 'reads go on elsewhere');
    await assert.rejects(ask(victim, serializable), CORRUPT);
  }
  for (const member of [leader, witness, victim]) await assert.rejects(member.client.put('k', 'v'), CORRUPT);
  await assert.rejects(victim.client.call('Lease', 'LeaseLeases', {}), CORRUPT);
  await assert.rejects(victim.client.call('Lease', 'LeaseTimeToLive', { ID: 1n }), CORRUPT);
  await assert.rejects(victim.client.call('KV', 'Txn', {}), CORRUPT);
  assert.equal(((await victim.client.call('Cluster', 'MemberList', {}))['members'] as unknown[]).length, 3);
  assert.match(((await victim.client.status())['errors'] as string[])[0] ?? '', /alarm:CORRUPT/);
}

for (const protocol of PROTOCOLS) {
  test(
    `K8 ${protocol}: a member that is to compare before it serves does not serve when it differs`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, corruptionChecks: { atStart: true } });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const victim = followers[0]!;
      for (let i = 0; i < 10; i++) await leader.client.put(`key ${i}`, `value ${i}`);
      await cluster.stop(victim);
      await leader.client.put('meanwhile', 'it was away');
      await (await cluster.start(victim)).ready;
      assert.equal(await victim.client.get('meanwhile'), 'it was away');

      await cluster.stop(victim);
      await tamperWith(victim);
      const refused = await cluster.start(victim);
      assert.match(await refused.failed, /found data inconsistency with peers.*synod rebuild/);
      assert.deepEqual(refused.clientPorts, []);
      await leader.client.put('the others', 'go on');
    },
  );

  test(
    `K2 ${protocol}: the periodic check names the member that differs, which serves no keys then`,
    LIMIT,
    async (t) => {
      const scene = await tampered(t, { protocol, corruptionChecks: { periodMs: OFTEN_MS } });
      await assertNamed(scene);
      assert.ok(
        scene.cluster.members.some(({ lines }) =>
          lines.all.some((line) => line === 'members hold different data at one revision'),
        ),
      );
    },
  );

  test(`K6 ${protocol}: so does the check of a compaction`, LIMIT, async (t) => {
    const scene = await tampered(t, { protocol, corruptionChecks: { compactionPeriodMs: OFTEN_MS } });
    const { header } = await scene.leader.client.put('after', 'the corruption');
    await scene.leader.client.call('KV', 'Compact', { revision: (header as TableMessage)['revision']! });
    await assertNamed(scene);
  });
}
