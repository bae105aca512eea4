/** etcdctl's compaction, endpoint and member commands, and the plain HTTP answers beside them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;

async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, args);
  assert.notEqual(code, 0);
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

describe('compaction', () => {
  const COMPACTED = 'etcdserver: mvcc: required revision has been compacted';
  const FUTURE = 'etcdserver: mvcc: required revision is a future revision';

  for (const flags of [[], ['--physical']]) {
    test(`S4 ${['compaction', ...flags].join(' ')} forgets what is below and keeps what is at its revision`, async () => {
      const revisions: number[] = [];
      for (const value of ['1', '2', '3'])
        revisions.push(headerRevision(await output('put', 'comp', value, '-w', 'json')));
      const [first, second] = revisions as [number, number, number];
      assert.equal(await output('compaction', ...flags, `${second}`), `compacted revision ${second}\n`);
      assert.equal(await refusal('get', 'comp', `--rev=${first}`), COMPACTED);
      assert.equal(await output('get', 'comp', `--rev=${second}`), 'comp\n2\n');
      assert.equal(await output('get', 'comp'), 'comp\n3\n');
      assert.equal(await refusal('compaction', `${second}`), COMPACTED);
      assert.equal(await refusal('compaction', `${first}`), COMPACTED);
      assert.equal(await refusal('compaction', '100000'), FUTURE);
      for (const member of cluster().members) {
        const { stderr } = await etcdctlAnyExit(member, ['get', 'comp', `--rev=${first}`]);
        assert.match(stderr, new RegExp(COMPACTED));
      }
    });
  }
});

describe('endpoint', () => {
  test('status: one leader on which all agree, a version, a database size', async () => {
    const statuses = await cluster().status();
    assert.equal(statuses.length, 3);
    assert.equal(new Set(statuses.map((status) => status.memberId)).size, 3);
    assert.equal(new Set(statuses.map((status) => status.leaderId)).size, 1);
    assert.ok(statuses.some((status) => status.memberId === status.leaderId));
  });

  test('status -w json', async () => {
    const answers = JSON.parse(await output('endpoint', 'status', '-w', 'json')) as {
      Endpoint: string;
      Status: Record<string, unknown> & { header: Record<string, number> };
    }[];
    assert.deepEqual(
      answers.map((answer) => answer.Endpoint),
      cluster().members.map((member) => member.endpoint),
    );
    for (const { Status } of answers) {
      assert.match(Status['version'] as string, /^3\.\d+\.\d+$/);
      for (const field of ['dbSize', 'leader', 'raftIndex', 'raftTerm', 'raftAppliedIndex', 'dbSizeInUse'])
        assert.ok((Status[field] as number) > 0, `${field} of ${JSON.stringify(Status)}`);
      assert.ok(Status.header['raft_term']! > 0);
    }
  });

  test('status as a table and as a simple list', async () => {
    const table = await output('endpoint', 'status', '-w', 'table');
    assert.match(
      table,
      /\| +ENDPOINT +\| +ID +\| VERSION \| DB SIZE \| IS LEADER \| IS LEARNER \| RAFT TERM \| RAFT INDEX \| RAFT APPLIED INDEX \| ERRORS \|/,
    );
    assert.equal(table.match(/\| +true \| +false \|/g)?.length, 1);
    for (const line of (await output('endpoint', 'status')).replaceAll(' \n', '\n').trimEnd().split('\n'))
      assert.match(
        line,
        /^127\.0\.0\.1:\d+, [0-9a-f]{1,16}, 3\.\d+\.\d+, [\d.]+ [kM]?B, (true|false), false, \d+, \d+, \d+,$/,
      );
  });

  test('status --cluster finds the members from one of them', async () => {
    const { stdout } = await etcdctl(cluster().members[0]!, ['endpoint', 'status', '--cluster']);
    assert.equal(stdout.trimEnd().split('\n').length, 3);
  });

  test('health of each, and --cluster from one', async () => {
    for (const member of cluster().members) {
      const { stdout, stderr } = await etcdctl(member, ['endpoint', 'health']);
      assert.match(`${stdout}${stderr}`, /is healthy: successfully committed proposal/);
    }
    const { stdout } = await etcdctl(cluster().members[1]!, [
      'endpoint',
      'health',
      '--cluster',
      '-w',
      'json',
    ]);
    const answers = JSON.parse(stdout) as { endpoint: string; health: boolean }[];
    assert.deepEqual(
      answers.map((answer) => answer.endpoint).sort(),
      cluster()
        .members.map((member) => member.clientUrl)
        .sort(),
    );
    assert.ok(answers.every((answer) => answer.health));
  });

  test('health of a member that is down, beside two that are up', async () => {
    const follower = await cluster().follower();
    await follower.stop();
    const { code, stdout } = await etcdctlAnyExit(cluster().members, ['endpoint', 'health', '-w', 'json']);
    assert.notEqual(code, 0);
    const answers = JSON.parse(stdout) as { endpoint: string; health: boolean }[];
    assert.deepEqual(
      answers.filter((answer) => !answer.health).map((answer) => answer.endpoint),
      [follower.endpoint],
    );
    await follower.start();
  });
});

describe('member list', () => {
  test('simple, table, fields and json tell the same', async () => {
    const simple = (await output('member', 'list')).trimEnd().split('\n').sort();
    const expected = cluster()
      .members.map(({ name, peerUrl, clientUrl }) => `started, ${name}, ${peerUrl}, ${clientUrl}, false`)
      .sort();
    assert.deepEqual(simple.map((line) => line.replace(/^[0-9a-f]{1,16}, /, '')).sort(), expected);

    const table = await output('member', 'list', '-w', 'table');
    assert.match(table, /\| +ID +\| STATUS +\| NAME \| +PEER ADDRS +\| +CLIENT ADDRS +\| IS LEARNER \|/);
    const fields = await output('member', 'list', '-w', 'fields');
    assert.equal(fields.match(/^"IsLearner" : false$/gm)?.length, 3);

    const { members } = JSON.parse(await output('member', 'list', '-w', 'json')) as {
      members: { name: string; peerURLs: string[]; clientURLs: string[] }[];
    };
    assert.deepEqual(
      members
        .map(({ name, peerURLs, clientURLs }) => `started, ${name}, ${peerURLs}, ${clientURLs}, false`)
        .sort(),
      expected,
    );
  });

  test('the ids are those of endpoint status', async () => {
    const listed = [...(await output('member', 'list', '-w', 'fields')).matchAll(/^"ID" : (\d+)$/gm)].map(
      (match) => match[1]!,
    );
    const statuses = await cluster().status();
    assert.deepEqual(listed.sort(), statuses.map((status) => status.memberId).sort());
  });
});

describe('endpoint hashkv', () => {
  const hashes = async (...flags: string[]) => {
    // A linearizable read at each, so that all have applied what came before.
    for (const member of cluster().members) await etcdctl(member, ['get', 'hashed']);
    const answers = JSON.parse(await output('endpoint', 'hashkv', '-w', 'json', ...flags)) as {
      HashKV: { hash: number; compact_revision: number };
    }[];
    return answers.map(({ HashKV: { hash, compact_revision } }) => ({ hash, compact_revision }));
  };

  test('S4 all members have the same hash of one revision, before and after a compaction', async () => {
    let last = 0;
    for (const value of ['1', '2', '3'])
      last = headerRevision(await output('put', 'hashed', value, '-w', 'json'));
    const before = await hashes(`--rev=${last}`);
    assert.equal(before.length, 3);
    assert.equal(new Set(before.map(({ hash }) => hash)).size, 1);
    await output('put', 'hashed', '4');
    assert.deepEqual(await hashes(`--rev=${last}`), before);
    await output('compaction', `${last - 1}`);
    const after = await hashes(`--rev=${last}`);
    assert.equal(new Set(after.map(({ hash }) => hash)).size, 1);
    assert.deepEqual(new Set(after.map((one) => one.compact_revision)), new Set([last - 1]));
    assert.notEqual(after[0]!.hash, before[0]!.hash);
    const [compacted, future] = [`--rev=${last - 2}`, '--rev=100000'];
    assert.match(await refusal('endpoint', 'hashkv', compacted), /required revision has been compacted/);
    assert.match(await refusal('endpoint', 'hashkv', future), /required revision is a future revision/);
  });
});

describe('move-leader', () => {
  test('the one that is named leads when the command ends; only the leader hands over, and only to a member', async () => {
    const { members } = cluster();
    const statuses = await cluster().status();
    const next = statuses.find((status) => status.memberId !== status.leaderId)!.memberId;
    const nextId = BigInt(next).toString(16);
    await output('move-leader', nextId);
    for (const status of await cluster().status())
      if (status.memberId === next) assert.equal(status.leaderId, next);
    assert.equal(await refusal('move-leader', '1234'), 'etcdserver: bad leader transferee');
    const other = members[statuses.findIndex((status) => status.memberId !== next)]!;
    const { code, stderr } = await etcdctlAnyExit(other, ['move-leader', nextId]);
    assert.notEqual(code, 0);
    assert.match(stderr, /no leader endpoint given/);
    await output('put', 'after-the-move', '1');
  });
});

describe('plain HTTP on the client port', () => {
  test('/health, /version and /metrics', async () => {
    for (const member of cluster().members) {
      const health = await fetch(`${member.clientUrl}/health`);
      assert.equal(health.status, 200);
      assert.equal(((await health.json()) as { health: string }).health, 'true');

      const version = (await (await fetch(`${member.clientUrl}/version`)).json()) as Record<string, string>;
      assert.match(version['etcdserver'] ?? '', /^3\.\d+\.\d+$/);
      assert.match(version['etcdcluster'] ?? '', /^3\.\d+\.0$/);

      const metrics = await (await fetch(`${member.clientUrl}/metrics`)).text();
      assert.match(metrics, /^etcd_server_has_leader 1$/m);
      assert.match(metrics, /^etcd_server_is_leader [01]$/m);
      assert.match(metrics, /^etcd_server_proposals_committed_total \d/m);
    }
  });

  test('an unknown path is 404, and the port lives on', async () => {
    const { clientUrl } = cluster().members[0]!;
    assert.equal((await fetch(`${clientUrl}/no/such/path`)).status, 404);
    assert.equal((await fetch(`${clientUrl}/health`)).status, 200);
  });
});
