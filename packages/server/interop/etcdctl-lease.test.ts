/** etcdctl's lease commands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdctl, etcdctlAnyExit, RunningEtcdctl } from './etcdctl.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;

async function grant(ttlSeconds: number): Promise<string> {
  const text = await output('lease', 'grant', `${ttlSeconds}`);
  const match = /^lease ([0-9a-f]{16}) granted with TTL\((\d+)s\)\n$/.exec(text);
  assert.ok(match, text);
  assert.equal(match[2], `${ttlSeconds}`);
  return match[1]!;
}

async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, args);
  assert.notEqual(code, 0);
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

test('grant, and what is left of it', async () => {
  const lease = await grant(300);
  assert.match(
    await output('lease', 'timetolive', lease),
    new RegExp(`^lease ${lease} granted with TTL\\(300s\\), remaining\\((29\\d|300)s\\)\n$`),
  );
});

test('timetolive --keys names the attached keys, and no others', async () => {
  const lease = await grant(300);
  await output('put', `--lease=${lease}`, 'ttl/b', '1');
  await output('put', `--lease=${lease}`, 'ttl/a', '1');
  await output('put', `--lease=${lease}`, 'ttl/c', '1');
  await output('put', 'ttl/c', '2');
  await output('put', 'ttl/d', '2');
  const text = await output('lease', 'timetolive', '--keys', lease);
  const keys = /attached keys\(\[(.*)\]\)\n$/.exec(text)?.[1]?.split(' ').sort();
  assert.deepEqual(keys, ['ttl/a', 'ttl/b'], text);
});

test('timetolive -w json: ids as numbers, granted and remaining TTL', async () => {
  const lease = await grant(120);
  const answer = JSON.parse(await output('lease', 'timetolive', lease, '-w', 'json')) as Record<
    string,
    unknown
  >;
  assert.equal(answer['granted-ttl'], 120);
  assert.ok([119, 120].includes(answer['ttl'] as number));
});

test('list shows every lease, at every member', async () => {
  const granted = [await grant(200), await grant(200)];
  for (const member of cluster().members) {
    const { stdout } = await etcdctl(member, ['lease', 'list']);
    const [heading, ...ids] = stdout.trimEnd().split('\n');
    assert.equal(heading, `found ${ids.length} leases`);
    for (const lease of granted) assert.ok(ids.includes(lease), `${member.name} lists ${lease}`);
  }
});

test('C20 revoke deletes the attached keys in one revision', async () => {
  const lease = await grant(300);
  for (const key of ['rev/a', 'rev/b', 'rev/c']) await output('put', `--lease=${lease}`, key, '1');
  const watch = new RunningEtcdctl(cluster().members, ['watch', '--prefix', 'rev/', '--rev=2', '-w', 'json']);
  await watch.untilStdout((text) => text.includes('cmV2L2M='));
  const before = watch.stdout.length;
  assert.equal(await output('lease', 'revoke', lease), `lease ${lease} revoked\n`);
  const text = await watch.untilStdout((all) => all.slice(before).trim().endsWith('}'));
  await watch.interrupt();
  const answer = JSON.parse(text.slice(before)) as {
    Events: { type: number; kv: { mod_revision: number } }[];
  };
  assert.equal(answer.Events.length, 3);
  assert.equal(new Set(answer.Events.map(({ kv }) => kv.mod_revision)).size, 1);
  assert.equal(await output('get', '--prefix', 'rev/'), '');
});

test('a lease that is gone: etcd’s words for each command', async () => {
  const lease = await grant(300);
  await output('lease', 'revoke', lease);
  assert.equal(
    await refusal('lease', 'revoke', lease),
    'failed to revoke lease (etcdserver: requested lease not found)',
  );
  assert.equal(await output('lease', 'timetolive', lease), `lease ${lease} already expired\n`);
  const once = await etcdctlAnyExit(cluster().members, ['lease', 'keep-alive', '--once', lease]);
  assert.match(`${once.stdout}${once.stderr}`, /requested lease not found/);
  const stream = await etcdctlAnyExit(cluster().members, ['lease', 'keep-alive', lease]);
  assert.equal(stream.stdout, `lease ${lease} expired or revoked.\n`);
});

test('keep-alive --once renews once', async () => {
  const lease = await grant(60);
  assert.equal(
    await output('lease', 'keep-alive', '--once', lease),
    `lease ${lease} keepalived with TTL(60)\n`,
  );
});

test('keep-alive keeps a short lease alive, at any member; without it the lease and its keys go', async () => {
  const lease = await grant(2);
  await output('put', `--lease=${lease}`, 'short/a', '1');
  for (const member of cluster().members) {
    const running = new RunningEtcdctl(member, ['lease', 'keep-alive', lease]);
    await running.untilStdout((text) => (text.match(/keepalived with TTL\(2\)/g)?.length ?? 0) >= 4);
    await running.interrupt();
    assert.equal(await output('get', 'short/a'), 'short/a\n1\n');
  }
  const watch = new RunningEtcdctl(cluster().members, ['watch', 'short/a', '--rev=2']);
  await watch.untilStdout((text) => text.includes('DELETE\nshort/a\n'), 10_000);
  await watch.interrupt();
  assert.equal(await output('get', 'short/a'), '');
  assert.equal(await output('lease', 'timetolive', lease), `lease ${lease} already expired\n`);
});

test('a TTL that is too large is refused', async () => {
  assert.match(await refusal('lease', 'grant', '9000000001'), /etcdserver: too large lease TTL/);
});

test('C19 a lease outlives the leader it was granted under', async () => {
  const lease = await grant(3);
  await output('put', `--lease=${lease}`, 'failover/a', '1');
  const renewing = new RunningEtcdctl(cluster().members, ['lease', 'keep-alive', lease]);
  await renewing.untilStdout((text) => text.includes('keepalived'));
  const leader = await cluster().leader();
  await leader.kill();
  const soFar = renewing.stdout.length;
  await renewing.untilStdout(
    (text) => (text.slice(soFar).match(/keepalived with TTL\(3\)/g)?.length ?? 0) >= 4,
    20_000,
  );
  // Read while it is still renewed: the member's start may take longer than the TTL.
  assert.equal(await output('get', 'failover/a'), 'failover/a\n1\n');
  await renewing.interrupt();
  await leader.start();
});
