/** Three members in one process, as clients of any of them see it (M3, M6, M7; V1, V3, V5 end to end). */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { PROTOCOLS, TestCluster } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

for (const protocol of PROTOCOLS) {
  test(
    `${protocol}: a cluster of three is used through the leader and through a follower`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const [follower, other] = followers;

      await t.test('V1 what one member acknowledged, every member reads', async () => {
        for (const [writer, value] of [
          [leader, 'at the leader'],
          [follower!, 'at a follower'],
        ] as const) {
          await writer.client.put('key', value);
          for (const reader of cluster.members) assert.equal(await reader.client.get('key'), value);
        }
      });

      await t.test('V2 many puts through a follower take effect once each', async () => {
        const before = (await leader.client.status())['header'] as TableMessage;
        await Promise.all(
          Array.from({ length: 300 }, (_, i) => follower!.client.put(`many/${i % 7}`, `${i}`)),
        );
        const after = (await leader.client.status())['header'] as TableMessage;
        assert.equal((after['revision'] as bigint) - (before['revision'] as bigint), 300n);
      });

      await t.test('a transaction through a follower decides on the newest state', async () => {
        await leader.client.put('lock', 'free');
        const request = {
          compare: [{ result: 0n, target: 3n, key: bytes('lock'), value: bytes('free') }],
          success: [{ request_put: { key: bytes('lock'), value: bytes('taken') } }],
        };
        const [first, second] = await Promise.all([
          follower!.client.call('KV', 'Txn', request),
          other!.client.call('KV', 'Txn', request),
        ]);
        assert.equal([first, second].filter((answer) => answer!['succeeded'] === true).length, 1);
      });

      await t.test('a watch at a follower sees what is written elsewhere, in order', async () => {
        const values = new RecordedEvents<string>();
        const watch = follower!.client.stream('Watch', 'Watch', (message) => {
          if (message['created'] === true) values.push('created');
          for (const event of (message['events'] ?? []) as readonly TableMessage[])
            values.push(Buffer.from((event['kv'] as TableMessage)['value'] as Uint8Array).toString());
        });
        watch.send({ create_request: { key: bytes('seen') } });
        await values.until((value) => value === 'created');
        for (let i = 1; i <= 3; i++) await (i === 2 ? other! : leader).client.put('seen', `${i}`);
        await values.until((value) => value === '3');
        assert.deepEqual(values.all, ['created', '1', '2', '3']);
        watch.cancel();
      });

      await t.test('V3 a lease lives by keep-alives at a follower, and its key goes with it', async () => {
        const { ID } = await other!.client.call('Lease', 'LeaseGrant', { TTL: 60n });
        await other!.client.call('KV', 'Put', { key: bytes('leased'), value: bytes('v'), lease: ID! });
        const renewals = new RecordedEvents<TableMessage>();
        const keepAlive = follower!.client.stream('Lease', 'LeaseKeepAlive', (message) =>
          renewals.push(message),
        );
        keepAlive.send({ ID: ID! });
        assert.equal((await renewals.until(() => true))['TTL'], 60n);
        keepAlive.send({ ID: 12345n });
        assert.equal(
          (await renewals.until(() => true, 2))['TTL'],
          undefined,
          'a lease that is not has no TTL',
        );
        keepAlive.cancel();
        const left = await follower!.client.call('Lease', 'LeaseTimeToLive', { ID: ID!, keys: true });
        assert.ok((left['TTL'] as bigint) >= 58n);
        assert.deepEqual(left['keys'], [bytes('leased')]);
        await follower!.client.call('Lease', 'LeaseRevoke', { ID: ID! });
        assert.equal(await leader.client.get('leased'), undefined);
      });
    },
  );

  test(
    `${protocol}: M3 a leader that stops hands over first and answers what it has taken; writes go on`,
    LIMIT,
    async (t) => {
      // An election that nobody started would take four seconds and more.
      const cluster = await TestCluster.started(t, { protocol, electionTimeoutMs: 4_000, heartbeatMs: 100 });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const elsewhere = followers[0]!;
      let writing = true;
      let longestMs = 0;
      const writer = (async () => {
        while (writing) {
          const began = performance.now();
          await elsewhere.client.put('elsewhere', 'v');
          longestMs = Math.max(longestMs, performance.now() - began);
        }
      })();
      const inFlight = Promise.allSettled(
        Array.from({ length: 100 }, (_, i) => leader.client.put(`in flight ${i}`, 'v')),
      );
      // A whole answer later, all of these are at the leader.
      await leader.client.status();
      await cluster.stop(leader);
      const outcomes = await inFlight;
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 100);
      const { leader: next } = await cluster.roles(elsewhere);
      assert.notEqual(next, leader);
      await elsewhere.client.put('after', 'v');
      writing = false;
      await writer;
      assert.ok(longestMs < 1_000, `a put took ${longestMs} ms`);
      assert.equal(await elsewhere.client.get('in flight 99'), 'v');
    },
  );

  test(`${protocol}: M3 a follower that stops answers what it has taken and passed on`, LIMIT, async (t) => {
    const cluster = await TestCluster.started(t, { protocol });
    const { followers } = await cluster.roles(cluster.members[0]!);
    const inFlight = Array.from({ length: 100 }, (_, i) => followers[0]!.client.put(`in flight ${i}`, 'v'));
    // The puts came before it, and cannot be answered in the turn that answers it.
    await followers[0]!.client.status();
    await Promise.all([cluster.stop(followers[0]!), ...inFlight]);
    assert.equal(await followers[1]!.client.get('in flight 99'), 'v');
  });

  test(`${protocol}: M6 one member, then all, start again with what was acknowledged`, LIMIT, async (t) => {
    const cluster = await TestCluster.started(t, { protocol });
    const [m1, m2, m3] = cluster.members;
    await m1!.client.put('first', '1');
    await cluster.stop(m2!);
    await m1!.client.put('without m2', '2');
    await (await cluster.start(m2!)).ready;
    assert.equal(await m2!.client.get('without m2'), '2');
    await Promise.all(cluster.members.map((member) => cluster.stop(member)));
    await cluster.startAll();
    for (const member of cluster.members) {
      assert.equal(await member.client.get('first'), '1');
      assert.equal(await member.client.get('without m2', { serializable: true }), '2');
    }
    await m3!.client.put('and on', '3');
    const { members } = await m1!.client.call('Cluster', 'MemberList', {});
    assert.deepEqual((members as readonly TableMessage[]).map(({ name }) => name).sort(), ['m1', 'm2', 'm3']);
  });

  test(
    `${protocol}: M7 a member far behind comes back by a snapshot, and nobody else stands for election`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, {
        protocol,
        electionTimeoutMs: 1_000,
        heartbeatMs: 100,
        snapshotCount: 200,
      });
      const { leader, followers } = await cluster.roles(cluster.members[0]!);
      const [behind, other] = followers;
      await cluster.stop(behind!);
      const linesBefore = leader.lines.all.length;
      // More than the 5,000 entries that are kept for members who lag a little.
      let next = 0;
      const value = 'v'.repeat(512);
      const writeAll = async (): Promise<void> => {
        while (next < 6_000) await leader.client.put(`key/${next++ % 1_500}`, value);
      };
      await Promise.all(Array.from({ length: 200 }, writeAll));
      await leader.client.put('last', 'word');
      await (await cluster.start(behind!)).ready;
      assert.ok(behind!.lines.all.includes('received a snapshot'));
      assert.equal(await behind!.client.get('last', { serializable: true }), 'word');
      assert.equal(await behind!.client.get('key/0', { serializable: true }), value);
      assert.equal((await cluster.roles(other!)).leader, leader);
      assert.deepEqual(
        leader.lines.all.slice(linesBefore).filter((line) => line.startsWith('is now')),
        [],
        'the leader led all the time',
      );
      const snapshots = join(behind!.config.dataDirectory, 'snapshot');
      const leftover = readdirSync(snapshots).filter((name) => !name.endsWith('.snap'));
      assert.deepEqual(leftover, [], 'nothing half done is left');
    },
  );
}
