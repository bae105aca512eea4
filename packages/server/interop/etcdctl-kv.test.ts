/** etcdctl's put, get and del with every flag they have, on a three-member cluster. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const run = (...args: string[]) => etcdctl(cluster().members, args);
const output = async (...args: string[]): Promise<string> => (await run(...args)).stdout;
/** The `Error: …` line of a command that must fail. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, args);
  assert.notEqual(code, 0, `etcdctl ${args.join(' ')} must fail`);
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

describe('put', () => {
  test('says OK, with the value as argument or on stdin', async () => {
    assert.equal(await output('put', 'put/a', 'one'), 'OK\n');
    assert.equal((await etcdctl(cluster().members, ['put', 'put/b'], 'from stdin')).stdout, 'OK\n');
    assert.equal(await output('get', 'put/b'), 'put/b\nfrom stdin\n');
  });

  test('--prev-kv returns what was there, and nothing the first time', async () => {
    assert.equal(await output('put', '--prev-kv', 'put/p', 'old'), 'OK\n');
    assert.equal(await output('put', '--prev-kv', 'put/p', 'new'), 'OK\nput/p\nold\n');
  });

  test('--ignore-value keeps the value and raises the version', async () => {
    await run('put', 'put/v', 'kept');
    assert.equal(await output('put', '--ignore-value', 'put/v'), 'OK\n');
    const fields = await output('get', 'put/v', '-w', 'fields');
    assert.match(fields, /"Version" : 2\n"Value" : "kept"/);
    assert.equal(await refusal('put', '--ignore-value', 'put/none'), 'etcdserver: key not found');
  });

  test('--ignore-lease keeps the lease', async () => {
    const granted = await output('lease', 'grant', '600');
    const lease = /lease ([0-9a-f]{16}) granted/.exec(granted)![1]!;
    await run('put', `--lease=${lease}`, 'put/l', '1');
    await run('put', '--ignore-lease', 'put/l', '2');
    assert.match(
      await output('get', 'put/l', '-w', 'fields'),
      new RegExp(`"Lease" : ${BigInt(`0x${lease}`)}`),
    );
    await run('put', 'put/l', '3');
    assert.match(await output('get', 'put/l', '-w', 'fields'), /"Lease" : 0\n/);
    assert.equal(await refusal('put', '--ignore-lease', 'put/none', '1'), 'etcdserver: key not found');
    assert.equal(
      await refusal('put', '--lease=7777777', 'put/l', '1'),
      'etcdserver: requested lease not found',
    );
  });

  test('every put is one revision', async () => {
    const first = headerRevision(await output('put', 'put/r', '1', '-w', 'json'));
    const second = headerRevision(await output('put', 'put/r', '2', '-w', 'json'));
    assert.equal(second, first + 1);
  });

  test('any bytes go in and come out', async () => {
    const value = 'Ünïcødé \u{1f5f3} "quoted"\n\tsecond line';
    await run('put', 'put/bytes/ключ', value);
    assert.equal(await output('get', 'put/bytes/ключ'), `put/bytes/ключ\n${value}\n`);
  });

  test('an empty key is refused with etcd’s words', async () => {
    assert.equal(await refusal('put', '', 'x'), 'etcdserver: key is not provided');
  });
});

describe('get', () => {
  /** The revision right after the keys below were written. */
  let written = 0;

  before(async () => {
    // Key order a b c d; value order d c b a; version order: b has three, the others one; last modified: b.
    for (const [key, value] of Object.entries({ a: '4', b: '3', c: '2', d: '1' })) {
      await run('put', `get/${key}`, value);
    }
    written = headerRevision(await output('get', 'get/a', '-w', 'json'));
    await run('put', 'get/b', '3');
    await run('put', 'get/b', '3');
  });

  test('one key, a range, a prefix, from a key', async () => {
    assert.equal(await output('get', 'get/a'), 'get/a\n4\n');
    assert.equal(await output('get', 'get/none'), '');
    assert.equal(await output('get', 'get/b', 'get/d'), 'get/b\n3\nget/c\n2\n');
    assert.equal(await output('get', '--prefix', 'get/'), 'get/a\n4\nget/b\n3\nget/c\n2\nget/d\n1\n');
    assert.match(await output('get', '--from-key', 'get/c'), /^get\/c\n2\nget\/d\n1\n/);
    assert.doesNotMatch(await output('get', '--from-key', 'get/c'), /get\/a/);
    assert.match(await output('get', '--prefix', ''), /get\/a\n4\n/);
  });

  test('--limit says that there is more', async () => {
    assert.equal(await output('get', '--prefix', '--limit', '2', 'get/'), 'get/a\n4\nget/b\n3\n');
    const limited = await output('get', '--prefix', '--limit', '2', 'get/', '-w', 'fields');
    assert.match(limited, /"More" : true\n"Count" : 4\n/);
    const whole = await output('get', '--prefix', '--limit', '4', 'get/', '-w', 'fields');
    assert.match(whole, /"More" : false\n"Count" : 4\n/);
  });

  const ordered: readonly (readonly [flags: string[], keys: string])[] = [
    [['--order', 'ASCEND'], 'abcd'],
    [['--order', 'DESCEND'], 'dcba'],
    [['--sort-by', 'KEY', '--order', 'DESCEND'], 'dcba'],
    [['--sort-by', 'VALUE'], 'dcba'],
    [['--sort-by', 'VALUE', '--order', 'ASCEND'], 'dcba'],
    [['--sort-by', 'VALUE', '--order', 'DESCEND'], 'abcd'],
    [['--sort-by', 'CREATE', '--order', 'DESCEND'], 'dcba'],
    [['--sort-by', 'CREATE', '--order', 'ASCEND'], 'abcd'],
    [['--sort-by', 'MODIFY', '--order', 'ASCEND'], 'acdb'],
    [['--sort-by', 'MODIFY', '--order', 'DESCEND'], 'bdca'],
    [['--sort-by', 'VERSION', '--order', 'DESCEND', '--limit', '1'], 'b'],
    [['--sort-by', 'MODIFY', '--order', 'DESCEND', '--limit', '2'], 'bd'],
    [['--sort-by', 'VALUE', '--order', 'ASCEND', '--limit', '3'], 'dcb'],
  ];
  for (const [flags, keys] of ordered) {
    test(flags.join(' '), async () => {
      const text = await output('get', '--prefix', 'get/', '--keys-only', ...flags);
      assert.equal(text.replace(/[^abcd]/g, ''), keys);
    });
  }

  test('--rev reads the past, refuses the future', async () => {
    const then = await output('get', 'get/b', `--rev=${written}`, '-w', 'fields');
    assert.match(then, /"Version" : 1\n/);
    assert.match(await output('get', 'get/b', '-w', 'fields'), /"Version" : 3\n/);
    assert.equal(await output('get', 'get/d', `--rev=${written - 1}`), '');
    assert.equal(
      await refusal('get', 'get/b', '--rev=100000'),
      'etcdserver: mvcc: required revision is a future revision',
    );
  });

  test('--keys-only and --print-value-only', async () => {
    assert.equal(
      await output('get', '--keys-only', '--prefix', 'get/'),
      'get/a\n\nget/b\n\nget/c\n\nget/d\n\n',
    );
    assert.equal(await output('get', '--print-value-only', 'get/a', 'get/c'), '4\n3\n');
  });

  test('--consistency: linearizable sees the last write, serializable answers from the member asked', async () => {
    for (const member of cluster().members) {
      await run('put', 'get/consistent', member.name);
      const linearizable = await etcdctl(member, ['get', 'get/consistent', '--consistency=l']);
      assert.equal(linearizable.stdout, `get/consistent\n${member.name}\n`);
      const serializable = await etcdctl(member, ['get', 'get/consistent', '--consistency=s']);
      assert.equal(serializable.stdout, `get/consistent\n${member.name}\n`);
    }
    await run('del', 'get/consistent');
  });

  test('-w json', async () => {
    const answer = JSON.parse(await output('get', '--prefix', 'get/', '--limit=1', '-w', 'json')) as {
      header: Record<string, number>;
      kvs: Record<string, unknown>[];
      more: boolean;
      count: number;
    };
    assert.deepEqual(Object.keys(answer.header), ['cluster_id', 'member_id', 'revision', 'raft_term']);
    const { create_revision, mod_revision, ...rest } = answer.kvs[0]!;
    assert.deepEqual(rest, { key: 'Z2V0L2E=', version: 1, value: 'NA==' });
    assert.equal(create_revision, mod_revision);
    assert.equal(answer.more, true);
    assert.equal(answer.count, 4);
  });

  test('-w fields', async () => {
    const text = await output('get', 'get/b', '-w', 'fields');
    assert.match(
      text,
      /^"ClusterID" : \d+\n"MemberID" : \d+\n"Revision" : \d+\n"RaftTerm" : \d+\n"Key" : "get\/b"\n"CreateRevision" : \d+\n"ModRevision" : \d+\n"Version" : 3\n"Value" : "3"\n"Lease" : 0\n"More" : false\n"Count" : 1\n$/,
    );
  });

  test('-w protobuf carries key and value', async () => {
    const text = await output('get', 'get/a', '-w', 'protobuf');
    assert.ok(text.includes('\u0005get/a'), 'field 1 of the KeyValue: length 5, then the key');
    assert.ok(text.includes('*\u00014'), 'field 5 of the KeyValue: length 1, then the value');
  });

  test('--hex', async () => {
    assert.equal(await output('get', 'get/a', '--hex'), '\\x67\\x65\\x74\\x2f\\x61\n\\x34\n');
  });

  test('an empty key is refused with etcd’s words', async () => {
    assert.equal(await refusal('get', ''), 'etcdserver: key is not provided');
  });

  test('all members tell one cluster id, and each its own member id', async () => {
    const ids = await Promise.all(
      cluster().members.map(async (member) => {
        const { stdout } = await etcdctl(member, ['get', 'get/a', '-w', 'fields']);
        return {
          cluster: /"ClusterID" : (\d+)/.exec(stdout)![1]!,
          member: /"MemberID" : (\d+)/.exec(stdout)![1]!,
        };
      }),
    );
    assert.equal(new Set(ids.map((id) => id.cluster)).size, 1);
    assert.equal(new Set(ids.map((id) => id.member)).size, 3);
  });
});

describe('del', () => {
  const fill = async (prefix: string): Promise<void> => {
    for (const key of ['a', 'b', 'c', 'd']) await run('put', `${prefix}/${key}`, key.toUpperCase());
  };

  test('counts what it deleted', async () => {
    await fill('del');
    assert.equal(await output('del', 'del/none'), '0\n');
    assert.equal(await output('del', 'del/a'), '1\n');
    assert.equal(await output('del', 'del/a'), '0\n');
    assert.equal(await output('del', 'del/b', 'del/d'), '2\n');
    assert.equal(await output('del', '--prefix', 'del/'), '1\n');
    assert.equal(await output('get', '--prefix', 'del/'), '');
  });

  test('--prev-kv returns what was there', async () => {
    await fill('delp');
    assert.equal(
      await output('del', '--prev-kv', '--prefix', 'delp/'),
      '4\ndelp/a\nA\ndelp/b\nB\ndelp/c\nC\ndelp/d\nD\n',
    );
  });

  test('--from-key deletes to the end', async () => {
    await fill('zz-last');
    assert.equal(await output('del', '--from-key', 'zz-last/c'), '2\n');
    assert.equal(await output('get', '--prefix', '--keys-only', 'zz-last/'), 'zz-last/a\n\nzz-last/b\n\n');
  });

  test('a deletion of nothing makes no revision; of many keys makes one', async () => {
    await fill('delr');
    const before = headerRevision(await output('get', 'delr/a', '-w', 'json'));
    const nothing = headerRevision(await output('del', 'delr/none', '-w', 'json'));
    const many = headerRevision(await output('del', '--prefix', 'delr/', '-w', 'json'));
    assert.deepEqual([nothing, many], [before, before + 1]);
  });

  test('a deleted key begins again at version 1', async () => {
    await run('put', 'del/again', '1');
    await run('put', 'del/again', '2');
    await run('del', 'del/again');
    await run('put', 'del/again', '3');
    const fields = await output('get', 'del/again', '-w', 'fields');
    const create = /"CreateRevision" : (\d+)/.exec(fields)![1];
    const mod = /"ModRevision" : (\d+)/.exec(fields)![1];
    assert.equal(create, mod);
    assert.match(fields, /"Version" : 1\n/);
  });

  test('an empty key is refused with etcd’s words', async () => {
    assert.equal(await refusal('del', ''), 'etcdserver: key is not provided');
  });
});
