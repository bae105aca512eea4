/** A cluster whose store is at its quota, as its clients see it: refused, told, and well again once there is space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { PROTOCOLS, TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };
const MEBIBYTE = 1024 * 1024;
const NO_SPACE = /database space exceeded/;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

type Alarms = readonly TableMessage[] | undefined;

/** What a member says of alarms once there are any, or once there are none. */
async function alarmsOnce(member: TestMember, are: 'raised' | 'cleared'): Promise<Alarms> {
  for (;;) {
    const { alarms } = await member.client.call('Maintenance', 'Alarm', {});
    if ((alarms !== undefined) === (are === 'raised')) return alarms as Alarms;
    // A commit and a sweep take a few ticks.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Puts until one is refused. @returns how many were taken */
async function fill(member: TestMember): Promise<number> {
  for (let taken = 0; ; taken++) {
    try {
      await member.client.call('KV', 'Put', {
        key: bytes(`fill/${taken}`),
        value: Buffer.alloc(MEBIBYTE, 1),
      });
    } catch (error) {
      assert.match((error as Error).message, NO_SPACE);
      return taken;
    }
  }
}

for (const protocol of PROTOCOLS) {
  test(
    `${protocol}: at the quota writes are refused everywhere, space is freed, and writes go on`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, storeBytesMax: 8 * MEBIBYTE });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const [follower, other] = [followers[0]!, followers[1]!];
      const taken = await fill(follower);
      assert.ok(taken >= 5 && taken <= 8, `${taken} of one MiB each into 8 MiB`);

      const raised = await alarmsOnce(leader, 'raised');
      for (const { alarm } of raised!) assert.equal(alarm, 1n);
      for (const member of cluster.members) {
        await assert.rejects(member.client.put('small', 'v'), NO_SPACE);
        await assert.rejects(member.client.call('Lease', 'LeaseGrant', { TTL: 60n }), NO_SPACE);
        const success = [{ request_put: { key: bytes('small'), value: bytes('v') } }];
        await assert.rejects(member.client.call('KV', 'Txn', { success }), NO_SPACE);
      }
      assert.equal((await other.client.call('KV', 'Range', { key: bytes('fill/0') }))['count'], 1n);
      const health = await fetch(`http://127.0.0.1:${leader.running!.clientPorts[0]}/health`);
      assert.deepEqual(
        [health.status, await health.json()],
        [503, { health: 'false', reason: 'ALARM NOSPACE' }],
      );
      const status = await follower.client.status();
      assert.equal(status['dbSizeQuota'], BigInt(8 * MEBIBYTE));
      assert.match(((status['errors'] ?? []) as string[])[0] ?? '', /^memberID:\d+ alarm:NOSPACE $/);

      // Disarmed while the store is full, it is raised again by the next that finds no room.
      for (const { memberID, alarm } of raised!)
        await leader.client.call('Maintenance', 'Alarm', { action: 2n, memberID: memberID!, alarm: alarm! });
      // Who has not heard of it yet refuses by the alarm that it knows, and raises none: a read of the present waits for it.
      await follower.client.get('small');
      await fill(follower);
      await alarmsOnce(leader, 'raised');

      const { header } = await leader.client.call('KV', 'DeleteRange', {
        key: bytes('fill/'),
        range_end: bytes('fill0'),
      });
      await leader.client.call('KV', 'Compact', { revision: (header as TableMessage)['revision']! });
      await alarmsOnce(leader, 'cleared');
      for (const member of cluster.members) await member.client.put('small', 'v');
    },
  );

  test(
    `${protocol}: an alarm raised by hand stays until it is cleared by hand; a restart keeps it`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const about = { memberID: 0x1234n, alarm: 2n };
      const raised = await followers[0]!.client.call('Maintenance', 'Alarm', { action: 1n, ...about });
      assert.deepEqual(raised['alarms'], [about]);
      const CORRUPT = /corrupt cluster/;
      await assert.rejects(leader.client.put('k', 'v'), CORRUPT);
      await assert.rejects(leader.client.call('KV', 'DeleteRange', { key: bytes('k') }), CORRUPT);
      await assert.rejects(leader.client.call('KV', 'Compact', { revision: 1n }), CORRUPT);
      assert.equal(await leader.client.get('k'), undefined, 'reads go on');
      await cluster.stop(followers[1]!);
      const restarted = await cluster.start(followers[1]!);
      await restarted.ready;
      assert.deepEqual(await alarmsOnce(followers[1]!, 'raised'), [about]);
      const cleared = await leader.client.call('Maintenance', 'Alarm', { action: 2n, ...about });
      assert.deepEqual(cleared['alarms'], [about]);
      for (const member of cluster.members) await member.client.put('k', 'v');
    },
  );
}
