/** From a cluster through a backup to a new cluster: from either protocol to the other, and to itself. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BackupFile } from '../../src/backup/backup-file.ts';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { run } from '../cli/client/recorded-terminal.ts';
import { type Ending, PROTOCOLS, TEST_TUNING, TestCluster, TestMember } from '../member/test-cluster.ts';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';

const LIMIT = { timeout: 60_000 };
const NEVER = new AbortController().signal;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function temporaryFile(ending: Ending): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-backup-'));
  ending.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'backup.db');
}

async function save(member: TestMember, path: string): Promise<void> {
  const endpoint = `127.0.0.1:${member.running!.clientPorts[0]}`;
  const { code, stderr } = await run(['--endpoints', endpoint, 'snapshot', 'save', path]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
}

async function restore(path: string, member: TestMember, bump = 0): Promise<number> {
  const file = await BackupFile.open(path);
  try {
    const { clusterId, founders, memberId, dataDirectory, protocol } = member.config;
    const self = founders.find(({ id }) => id === memberId)!;
    const { revision } = await restoreBackup({
      file,
      dataDirectory,
      journalDirectory: member.config.journalDirectory,
      protocol,
      cluster: { clusterId, founders, self },
      change: { bump, marksCompacted: bump > 0 },
      progress: () => {},
      interrupted: NEVER,
      ...TEST_TUNING,
    });
    return revision;
  } finally {
    await file.close();
  }
}

/** Some of everything: history, a deleted key, a lease with a key, a user. @returns the revision */
async function fill({ client }: TestMember): Promise<bigint> {
  await client.put('k', 'old');
  await client.put('k', 'new');
  await client.put('gone', '1');
  await client.call('KV', 'DeleteRange', { key: bytes('gone') });
  await client.call('Lease', 'LeaseGrant', { ID: 7n, TTL: 600n });
  await client.call('KV', 'Put', { key: bytes('leased'), value: bytes('1'), lease: 7n });
  await client.call('Auth', 'RoleAdd', { name: 'reader' });
  await Promise.all(Array.from({ length: 200 }, (_, i) => client.put(`many/${i}`, 'x'.repeat(1000))));
  const { header } = await client.put('last', '1');
  return (header as TableMessage)['revision'] as bigint;
}

const revisionOf = ({ header }: TableMessage): bigint => (header as TableMessage)['revision'] as bigint;

for (const [at, from] of PROTOCOLS.entries()) {
  const to = PROTOCOLS[1 - at]!;
  test(`${from} to ${to}: a new cluster goes on where the backup was taken`, LIMIT, async (t) => {
    const path = temporaryFile(t);
    const old = await TestCluster.started(t, { protocol: from });
    const revision = await fill(old.members[at]!);
    await save(old.members[at]!, path);
    await Promise.all(old.members.map((member) => old.stop(member)));

    const cluster = await TestCluster.create(t, { protocol: to });
    // The last one is not restored: the others bring it up to date.
    for (const member of cluster.members.slice(0, 2))
      assert.equal(BigInt(await restore(path, member)), revision);
    await cluster.startAll();
    for (const { client } of cluster.members) {
      assert.equal(await client.get('k'), 'new');
      assert.equal(await client.get('gone'), undefined);
      assert.equal(await client.get('many/199'), 'x'.repeat(1000));
      const before = await client.call('KV', 'Range', { key: bytes('k'), revision: 2n });
      assert.equal((before['kvs'] as { value: Buffer }[])[0]!.value.toString(), 'old');
      const lease = await client.call('Lease', 'LeaseTimeToLive', { ID: 7n, keys: true });
      assert.deepEqual((lease['keys'] as Buffer[]).map(String), ['leased']);
      assert.deepEqual((await client.call('Auth', 'RoleList', {}))['roles'], ['reader']);
      const { members } = await client.call('Cluster', 'MemberList', {});
      assert.equal((members as unknown[]).length, 3);
    }
    assert.equal(revisionOf(await cluster.members[2]!.client.put('after', '1')), revision + 1n);
    await cluster.members[0]!.client.call('Lease', 'LeaseRevoke', { ID: 7n });
    // A linearizable read of each, so that each has come so far.
    for (const { client } of cluster.members) assert.equal(await client.get('leased'), undefined);
    const hashes = await Promise.all(
      cluster.members.map(({ client }) => client.call('Maintenance', 'HashKV', { revision: revision + 2n })),
    );
    assert.equal(new Set(hashes.map(({ hash }) => hash)).size, 1);
    // What was restored survives as everything else does.
    await Promise.all(cluster.members.map((member) => cluster.stop(member)));
    await cluster.startAll();
    assert.equal(await cluster.members[2]!.client.get('after'), '1');
  });
}

for (const protocol of PROTOCOLS)
  test(
    `${protocol}: with a bump revisions never go back, and whoever watches from before is told of the gap`,
    LIMIT,
    async (t) => {
      const path = temporaryFile(t);
      const old = await TestCluster.started(t, { protocol, size: 1 });
      await fill(old.members[0]!);
      await save(old.members[0]!, path);
      const seen = revisionOf(await old.members[0]!.client.put('behind the backup', '1'));
      await old.stop(old.members[0]!);

      const cluster = await TestCluster.create(t, { protocol, size: 1 });
      const [member] = cluster.members;
      const revision = BigInt(await restore(path, member!, 1_000));
      assert.ok(revision > seen);
      await cluster.startAll();
      const { client } = member!;
      assert.equal(await client.get('k'), 'new');
      assert.equal(await client.get('behind the backup'), undefined);
      await assert.rejects(client.call('KV', 'Range', { key: bytes('k'), revision: seen }), /compacted/);
      const told = await new Promise<TableMessage>((resolve) => {
        const watch = client.stream('Watch', 'Watch', (message) => {
          if (message['canceled'] === true) resolve(message);
        });
        watch.send({ create_request: { key: bytes('k'), start_revision: seen + 1n } });
      });
      assert.equal(told['compact_revision'], revision);
      assert.equal(revisionOf(await client.put('k', 'newer')), revision + 1n);
    },
  );

test(
  '--wal-dir: the journal is made there, the member that has the flag finds it, and nothing stays behind a failure',
  LIMIT,
  async (t) => {
    const path = temporaryFile(t);
    const cluster = await TestCluster.started(t, { size: 1 });
    const [old] = cluster.members;
    await old!.client.put('k', 'v');
    await save(old!, path);
    await cluster.stop(old!);
    const { config } = old!;
    const dataDirectory = `${config.dataDirectory}-new`;
    const journalDirectory = `${config.dataDirectory}-wal`;
    const member = new TestMember({ ...config, dataDirectory, journalDirectory }, old!.relay);

    const damaged = `${path}-cut`;
    writeFileSync(damaged, readFileSync(path).subarray(0, 200));
    await assert.rejects(restore(damaged, member));
    assert.deepEqual(existsSync(journalDirectory) ? readdirSync(journalDirectory) : [], []);
    await restore(path, member);
    await assert.rejects(
      restore(path, {
        ...member,
        config: { ...member.config, dataDirectory: `${dataDirectory}-2` },
      } as TestMember),
      /^Error: wal-dir .* not empty .*--wal-dir\.$/,
    );
    assert.ok(!existsSync(join(dataDirectory, 'journal')));
    t.after(() => cluster.stop(member));
    await (await cluster.start(member)).ready;
    assert.equal(await member.client.get('k'), 'v');
  },
);
