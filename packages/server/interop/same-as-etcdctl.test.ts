/**
 * `synod` beside Debian's `etcdctl` 3.4: the same arguments, against the same cluster, give the same standard output and
 * exit code. Users and roles are compared on a real etcd, whatever the target of the run is.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { targetNamed } from './cluster/target.ts';
import { etcdctl, etcdctlAnyExit, RunningEtcdctl } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';
import { bothSay, type Said, SYNOD, settled } from './synod-command.ts';

interface Case {
  readonly before?: readonly (readonly string[])[];
  readonly args: readonly string[];
  readonly stdin?: string;
  /** etcdctl prints its whole help on standard output too; ours is one line on standard error. */
  readonly onlyCode?: boolean;
}

const words = (line: string): string[] => (line === '' ? [] : line.split(' '));
const line = (args: string, before: readonly string[] = [], stdin = ''): Case => ({
  args: words(args),
  before: before.map(words),
  stdin,
});

const FILL = ['del --prefix s/', 'put s/a 1', 'put s/b 2', 'put s/b 3', 'put s/c 1'];
const FORMATS = ['simple', 'json', 'fields'];
const TRANSACTION = 'value("s/a") = "1"\n\nput s/d "x y"\nget s/ --prefix\ndel s/b --prev-kv\n\nget s/a\n\n';

const CASES: readonly Case[] = [
  ...FORMATS.flatMap((format) => [
    line(`put s/a 2 -w ${format}`, FILL),
    line(`put s/a 2 --prev-kv -w ${format}`, FILL),
    line(`get s/a -w ${format}`, FILL),
    line(`get s/ --prefix --limit 2 -w ${format}`, FILL),
    line(`get s/none -w ${format}`),
    line(`del s/ --prefix --prev-kv -w ${format}`, FILL),
    line(`txn -w ${format}`, FILL, TRANSACTION),
    line(`lease grant 100 -w ${format}`),
    line(`lease timetolive 1234 -w ${format}`),
    line(`member list -w ${format}`),
    line(`endpoint status -w ${format}`),
  ]),
  line('put s/a', [], 'from stdin'),
  line('put s/a -- -5'),
  line('put s/a ключ'),
  line('put --ignore-value s/b', FILL),
  line('put --ignore-value s/none', FILL),
  line('put --ignore-value s/a b'),
  line('put --lease=zz s/a 1'),
  line('put --lease=1234567 s/a 1'),
  line('put'),
  line('put s/a'),
  { args: ['put', '', 'x'] },
  line('get s/a s/c', FILL),
  line('get s/a --hex', FILL),
  line('get s/ --prefix --keys-only', FILL),
  line('get s/ --prefix --print-value-only', FILL),
  line('get s/b --from-key --limit=1', FILL),
  line('get s/ --prefix --order=DESCEND', FILL),
  line('get s/ --prefix --sort-by=VALUE', FILL),
  line('get s/ --prefix --sort-by=VERSION --order=DESCEND', FILL),
  line('get s/ --prefix --sort-by=modify --order=descend', FILL),
  line('get s/a --consistency=s', FILL),
  line('get s/a --rev=100000'),
  line('get'),
  line('get --prefix --from-key a'),
  line('get a b --prefix'),
  line('get a --order=FOO'),
  line('get a --sort-by=FOO'),
  line('get a --consistency=x'),
  line('get a --print-value-only -w json'),
  { ...line('get a --bad-flag'), onlyCode: true },
  { ...line('get a --limit=abc'), onlyCode: true },
  line('get a -w yaml'),
  line('get a -w table'),
  { args: ['get', ''] },
  { args: ['get', '', '--prefix', '--limit=1'], before: FILL.map(words) },
  line('del s/a s/c', FILL),
  line('del s/b --from-key', ['del s/d --from-key', ...FILL]),
  line('del'),
  line('del a b c'),
  line('del a b --prefix'),
  line('txn', [], 'create("s/none") = "0"\n\n\n\n'),
  line('txn', FILL, 'ver("s/b") > "1"\nm("s/b") > "0"\nc("s/b") != "0"\n\nget s/b\n\n\n'),
  line('txn', FILL, 'value("s/a") = "no"\n\nput a 1\n\nput s/e "q\\"1\\n2"\nget s/e s/z --keys-only\n\n'),
  line('txn -i', FILL, TRANSACTION),
  line('txn', [], '\nput s/a 1\nput s/a 2\n\n\n'),
  line('txn', [], 'bad\n\n'),
  line('txn', [], 'mod("k") > "x"\n\n\n\n'),
  line('txn', [], '\nfrob k\n\n\n'),
  line('txn', [], '\nput k\n\n\n'),
  line('txn', [], ''),
  line('txn a'),
  line('watch'),
  line('watch a --'),
  line('lease grant'),
  line('lease grant x'),
  line('lease revoke 1234'),
  line('lease revoke zz'),
  line('lease revoke'),
  line('lease keep-alive --once 1234'),
  line('lease keep-alive 1234'),
  line('lock'),
  line('lock lk echo under-the-lock'),
  line('lock lk no-such-command'),
  line('elect'),
  line('elect n p x'),
  line('elect -l n p'),
  line('member list -w table'),
  line('member add'),
  line('member add x'),
  line('member remove'),
  line('member remove zz'),
  line('member promote'),
  line('endpoint health -w json'),
  line('alarm list'),
  line('compaction'),
  line('compaction x'),
  line('compaction 100000'),
  line('move-leader'),
  line('snapshot save'),
  line('snapshot save /no-such-directory/file'),
];

/** Each is done and undone by one and then by the other, so that both meet the same state. */
const AUTH_ROUNDS: readonly (readonly string[])[] = [
  [
    'user add a:b',
    'user add a:b',
    'user list',
    'user list -w json',
    'user get a',
    'user delete a',
    'user delete a',
  ],
  ['user add c --new-user-password=d -w json', 'user passwd c --interactive=false', 'user delete c -w json'],
  [
    'role add r',
    'role add r',
    'role grant-permission r read k1',
    'role grant-permission r write k2 k3',
    'role grant-permission r readwrite p --prefix',
    'role grant-permission r read q --from-key',
    'role grant-permission r own k',
    'role grant-permission r read',
    'role grant-permission r read a b --prefix',
    'role get r',
    'role get r -w json',
    'role get r -w fields',
    'role list',
    'role revoke-permission r k1',
    'role revoke-permission r k2 k3',
    'role revoke-permission r p --prefix',
    'role revoke-permission r q --from-key',
    'role revoke-permission r none',
    'role get r',
    'role delete r -w fields',
    'role delete r',
  ],
  [
    'user add a:b',
    'role add r',
    'role grant-permission r read k1',
    'user grant-role a r',
    'user grant-role a none',
    'user get a',
    'user get a --detail',
    'user revoke-role a r -w json',
    'user revoke-role a r',
    'role delete r',
    'user delete a',
  ],
  [
    'user add root:secret',
    'user grant-role root root',
    'auth enable',
    'get a',
    '--user root:secret get a',
    '--user root:wrong get a',
    '--user root --password secret get a',
    '--user root:secret auth disable',
    'auth disable',
    'user delete root',
    'role delete root',
    'auth enable',
    'auth enable x',
  ],
];

const title = ({ args, stdin }: Case): string =>
  `${args.map((word) => (word === '' ? "''" : word)).join(' ')}${stdin ? ` < ${JSON.stringify(stdin)}` : ''}`;

const LAST_VALUE = 'that is all';
/** As it is, or in base64. */
const LAST_VALUE_PRINTED = new RegExp(`${LAST_VALUE}|${Buffer.from(LAST_VALUE).toString('base64')}`);

describe('the same arguments', () => {
  const cluster = sharedCluster();
  for (const one of CASES)
    test(title(one), async () => {
      const { etcdctl, synod } = await bothSay(cluster().members[0]!, one);
      if (one.onlyCode === true) assert.equal(synod.code, etcdctl.code);
      else assert.deepEqual(synod, etcdctl);
    });

  for (const format of FORMATS)
    test(`watch --prefix s/ --prev-kv -w ${format}`, async () => {
      const { members } = cluster();
      const key = `s/${format}`;
      const past = await etcdctl(members, ['put', key, '1', '-w', 'json']);
      const args = [
        'watch',
        '--prefix',
        key,
        '--prev-kv',
        `--rev=${headerRevision(past.stdout)}`,
        '-w',
        format,
      ];
      await etcdctl(members, ['put', key, '2']);
      await etcdctl(members, ['del', key]);
      // An event takes several lines, and more than one write: with the value of the last, all before it is there.
      await etcdctl(members, ['put', key, LAST_VALUE]);
      const watches = [new RunningEtcdctl(members[0]!, args), new RunningEtcdctl(members[0]!, args, SYNOD)];
      const [theirs, ours] = await Promise.all(
        watches.map(async (watch) => {
          const whole = await watch.untilStdout((text) => LAST_VALUE_PRINTED.test(text));
          return whole.slice(0, whole.search(LAST_VALUE_PRINTED));
        }),
      );
      for (const watch of watches) await watch.interrupt();
      assert.match(theirs!, /DELETE|"type":1/);
      assert.equal(ours, theirs);
    });

  test('etcdctl and synod wait for each other’s locks', async () => {
    const { members } = cluster();
    for (const [first, second] of [
      [['etcdctl'], SYNOD],
      [SYNOD, ['etcdctl']],
    ] as const) {
      const holder = new RunningEtcdctl(members, ['lock', 'shared'], first);
      await holder.untilStdout((text) => text.startsWith('shared/'));
      const waiter = new RunningEtcdctl(members, ['lock', 'shared'], second);
      const queue = new RunningEtcdctl(members, ['watch', '--prefix', 'shared/', '--rev=1', '-w', 'json']);
      await queue.untilStdout((text) => (text.match(/"version":1/g) ?? []).length >= 2);
      await queue.interrupt();
      assert.equal(waiter.stdout, '');
      assert.equal((await holder.interrupt()).code, 0);
      await waiter.untilStdout((text) => text.startsWith('shared/'));
      assert.equal((await waiter.interrupt()).code, 0);
      assert.equal((await etcdctl(members, ['get', '--prefix', 'shared/'])).stdout, '');
    }
  });

  test('a watch and a lock live on when their member dies', async () => {
    const { members } = cluster();
    const victim = await cluster().leader();
    const order = [victim, ...members.filter((member) => member !== victim)];
    const before = await etcdctl(members, ['put', 'alive', 'before', '-w', 'json']);
    const since = `--rev=${headerRevision(before.stdout)}`;
    const watch = new RunningEtcdctl(order, ['watch', 'alive', since], SYNOD);
    const lock = new RunningEtcdctl(order, ['lock', '--ttl=5', 'survives'], SYNOD);
    await lock.untilStdout((text) => text.startsWith('survives/'));
    await watch.untilStdout((text) => text.includes('before'));
    await victim.kill();
    const others = members.filter((member) => member !== victim);
    await etcdctl(others, ['put', 'alive', 'after', '--command-timeout=20s']);
    await watch.untilStdout((text) => text.includes('after'));
    assert.equal(watch.stdout, 'PUT\nalive\nbefore\nPUT\nalive\nafter\n');
    const waiter = new RunningEtcdctl(others, ['lock', 'survives']);
    await sleep(LEASE_OVER_MS);
    assert.equal(waiter.stdout, '');
    assert.equal((await lock.interrupt()).code, 0);
    await waiter.untilStdout((text) => text.startsWith('survives/'));
    await waiter.interrupt();
    await watch.interrupt();
    await victim.start();
  });
});

/** The lock's lease would be over by then, had nobody renewed it at another member. */
const LEASE_OVER_MS = 8_000;

describe('users and roles, on etcd', () => {
  const cluster = sharedCluster({ target: targetNamed('etcd'), memberCount: 1 });
  for (const round of AUTH_ROUNDS)
    test(round.slice(0, 3).join(', '), async () => {
      const member = cluster().members[0]!;
      const heard: { readonly line: string; readonly said: Said }[][] = [];
      for (const command of [['etcdctl'], SYNOD]) {
        const said: { readonly line: string; readonly said: Said }[] = [];
        for (const one of round)
          said.push({
            line: one,
            said: settled(await etcdctlAnyExit(member, words(one), 'secret\n', command)),
          });
        heard.push(said);
      }
      assert.deepEqual(heard[1], heard[0]);
    });
});
