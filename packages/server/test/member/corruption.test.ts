/** A member whose store was tampered with, as the others and its clients see it: found, named, and silent about keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../cli/synod-process.ts';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { loseStore, tamperWith } from './tampered-store.ts';
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

/** As `etcdctl endpoint hashkv` has it, once all have applied the same. */
async function assertEqual(cluster: TestCluster): Promise<void> {
  const { header } = await cluster.members[0]!.client.put('last', 'of all');
  const { revision } = header as TableMessage;
  const hashes = await Promise.all(
    cluster.members.map(async ({ client }) => {
      await client.get('last');
      const { hash, compact_revision } = await client.call('Maintenance', 'HashKV', { revision: revision! });
      return `${hash} ${compact_revision}`;
    }),
  );
  assert.equal(new Set(hashes).size, 1, hashes.join(', '));
}

for (const protocol of PROTOCOLS) {
  test(
    `K9 ${protocol}: a member that was named is rebuilt by one command, and all are equal again`,
    LIMIT,
    async (t) => {
      const scene = await tampered(t, { protocol, corruptionChecks: { periodMs: OFTEN_MS } });
      const { cluster, leader, victim } = scene;
      const [named] = await alarmsOnceRaised(victim);
      const command = ['rebuild', '--data-dir', victim.config.dataDirectory];
      const inUse = await run(t, [...command, '--yes']);
      assert.deepEqual([inUse.code, inUse.stdout], [1, '']);
      assert.match(inUse.stderr, /is in use by process \d+\. Stop that member first/);
      await cluster.stop(victim);
      const unsure = await run(t, command);
      assert.deepEqual([unsure.code, unsure.stdout], [1, '']);
      assert.match(unsure.stderr, /add --yes/);
      const done = await run(t, [...command, '--yes']);
      assert.deepEqual([done.code, done.stderr], [0, '']);
      assert.match(done.stdout, /state\.replaced\.lmdb; the journal is as it was/);

      await (await cluster.start(victim)).ready;
      assert.ok(victim.lines.all.some((line) => line.startsWith('took the state of another member')));
      await assert.rejects(victim.client.get('key 1'), CORRUPT, 'until somebody clears the alarm');
      await leader.client.call('Maintenance', 'Alarm', {
        action: 2n,
        memberID: named!['memberID']!,
        alarm: 2n,
      });
      // The list comes after a quorum round: this member knows by then.
      assert.equal((await victim.client.call('Maintenance', 'Alarm', {}))['alarms'], undefined);
      await assertEqual(cluster);
      assert.equal(await victim.client.get('key 9'), 'value 9');
      // Several checks find nothing: no alarm comes again.
      const passed = (line: string): boolean => line.startsWith('finished corruption check');
      const before = cluster.members.reduce((sum, { lines }) => sum + lines.count(passed), 0);
      await Promise.race(cluster.members.map(({ lines }) => lines.until(passed, lines.count(passed) + 3)));
      assert.ok(cluster.members.reduce((sum, { lines }) => sum + lines.count(passed), 0) > before);
      assert.equal((await leader.client.call('Maintenance', 'Alarm', {}))['alarms'], undefined);

      await cluster.stop(victim);
      await (await cluster.start(victim)).ready;
      await assertEqual(cluster);
    },
  );

  test(
    `K9 ${protocol}: a store that is lost is refused with what to do, and comes back from the others`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, snapshotCount: 500 });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const victim = followers[0]!;
      for (let round = 0; round < 30; round++)
        await Promise.all(
          Array.from({ length: 200 }, (_, i) => leader.client.put(`key ${i}`, `${round} ${'x'.repeat(100)}`)),
        );
      await cluster.stop(victim);
      loseStore(victim);
      await assert.rejects(cluster.start(victim), /the log begins after entry \d+.*synod rebuild/);
      const done = await run(t, ['rebuild', '--data-dir', victim.config.dataDirectory, '--yes']);
      assert.equal(done.code, 0);
      await (await cluster.start(victim)).ready;
      await assertEqual(cluster);
    },
  );
}

test(
  'K10 a member without a state can be stopped, and goes on waiting at its next start',
  LIMIT,
  async (t) => {
    const cluster = await TestCluster.started(t);
    const { leader, followers } = await cluster.roles(cluster.members[0]!);
    const victim = followers[0]!;
    await leader.client.put('k', 'v');
    await cluster.stop(victim);
    const command = ['rebuild', '--data-dir', victim.config.dataDirectory, '--yes'];
    assert.equal((await run(t, command)).code, 0);
    for (const member of cluster.members) await cluster.stop(member);
    const alone = await cluster.start(victim);
    assert.deepEqual(alone.clientPorts, []);
    await cluster.stop(victim);
    const begun = await Promise.all(cluster.members.map((member) => cluster.start(member)));
    await Promise.all(begun.map(({ ready }) => ready));
    await assertEqual(cluster);
  },
);

test('K9 a member whose journal has a directory of its own is rebuilt like any other', LIMIT, async (t) => {
  const cluster = await TestCluster.create(t);
  for (const member of cluster.members) {
    const journalDirectory = `${member.config.dataDirectory}-wal`;
    Object.assign(member, { config: { ...member.config, journalDirectory } });
  }
  await cluster.startAll();
  const [victim, other] = cluster.members;
  await other!.client.put('k', 'v');
  await cluster.stop(victim!);
  const done = await run(t, ['rebuild', '--data-dir', victim!.config.dataDirectory, '--yes']);
  assert.equal(done.stderr, '');
  await (await cluster.start(victim!)).ready;
  assert.equal(await victim!.client.get('k'), 'v');
});

test('the only member of its cluster has nobody to be rebuilt from', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const [only] = cluster.members;
  await only!.client.put('k', 'v');
  await cluster.stop(only!);
  const refused = await run(t, ['rebuild', '--data-dir', only!.config.dataDirectory, '--yes']);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /only member of its cluster/);
  await (await cluster.start(only!)).ready;
  assert.equal(await only!.client.get('k'), 'v');
  const nowhere = await run(t, ['rebuild', '--data-dir', `${only!.config.dataDirectory}.not`, '--yes']);
  assert.equal(nowhere.code, 1);
});
