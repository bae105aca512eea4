/** etcdctl's watch: from now, from the past, over ranges, interactively; order, previous values, progress. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { etcdctl, type Finished, RunningEtcdctl } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const run = (...args: string[]): Promise<Finished> => etcdctl(cluster().members, args);
const put = async (key: string, value: string): Promise<number> =>
  headerRevision((await run('put', key, value, '-w', 'json')).stdout);

/** A watch that ends with the test. */
function watch(context: TestContext, ...args: string[]): RunningEtcdctl {
  const running = new RunningEtcdctl(cluster().members, ['watch', ...args]);
  context.after(() => running.interrupt());
  return running;
}

/**
 * etcdctl does not say when a watch is up. A key in its span is put until it is seen; what this prints is cut off by
 * the caller with `since`.
 */
async function established(running: RunningEtcdctl, key: string): Promise<number> {
  for (let attempt = 1; attempt <= 50; attempt++) {
    await run('put', key, `hello-${attempt}`);
    const seen = await running
      .untilStdout((text) => text.includes(`hello-${attempt}\n`), 200)
      .catch(() => undefined);
    if (seen !== undefined) return running.stdout.length;
  }
  throw new Error('the watch never delivered anything');
}

/** Waits for as much as is expected, not for a count of events: etcdctl writes an event line by line, and a pipe cuts anywhere. */
async function prints(running: RunningEtcdctl, expected: string, since = 0): Promise<void> {
  const text = await running.untilStdout((all) => all.length >= since + expected.length);
  assert.equal(text.slice(since), expected);
}

describe('from now on', () => {
  test('one key: puts and deletions, in order', async (context) => {
    const running = watch(context, 'now/key');
    const since = await established(running, 'now/key');
    await run('put', 'now/key', '1');
    await run('put', 'now/other', 'not seen');
    await run('put', 'now/key', '2');
    await run('del', 'now/key');
    await prints(running, 'PUT\nnow/key\n1\nPUT\nnow/key\n2\nDELETE\nnow/key\n\n', since);
  });

  test('--prefix and --prev-kv', async (context) => {
    const running = watch(context, '--prefix', '--prev-kv', 'pre/');
    const since = await established(running, 'pre/!');
    await run('put', 'pre/a', 'first');
    await run('put', 'pre/a', 'second');
    await run('del', 'pre/a');
    const expected = 'PUT\npre/a\nfirst\nPUT\npre/a\nfirst\npre/a\nsecond\nDELETE\npre/a\nsecond\npre/a\n\n';
    await prints(running, expected, since);
  });

  test('a range holds its first key and not its last', async (context) => {
    const running = watch(context, 'range/b', 'range/d');
    const since = await established(running, 'range/b');
    for (const key of ['a', 'b', 'c', 'd', 'c']) await run('put', `range/${key}`, key);
    await prints(running, 'PUT\nrange/b\nb\nPUT\nrange/c\nc\nPUT\nrange/c\nc\n', since);
  });

  test('a transaction’s changes come together, under one revision', async (context) => {
    const first = await put('tx/!', 'x');
    const running = watch(context, '--prefix', 'tx/', `--rev=${first + 1}`, '-w', 'json');
    await etcdctl(cluster().members, ['txn'], '\nput tx/a 1\nput tx/b 2\nput tx/c 3\n\n\n');
    const text = await running.untilStdout((all) => all.endsWith('}\n'));
    const answer = JSON.parse(text) as { Events: { kv: { mod_revision: number } }[] };
    assert.equal(answer.Events.length, 3);
    assert.equal(new Set(answer.Events.map(({ kv }) => kv.mod_revision)).size, 1);
  });

  test('an exec command gets type, key, value and revision', async (context) => {
    const running = watch(
      context,
      'exec/key',
      '--',
      'sh',
      '-c',
      'echo "$ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE $ETCD_WATCH_REVISION"',
    );
    const since = await established(running, 'exec/key');
    const revision = await put('exec/key', 'v');
    const text = await running.untilStdout((all) => all.slice(since).includes(`"v" ${revision}\n`));
    assert.match(text.slice(since), new RegExp(`"PUT" "exec/key" "v" ${revision}\n`));
  });

  test('a watch at each member delivers writes made at another', async (context) => {
    const watches = cluster().members.map((member) => {
      const running = new RunningEtcdctl(member, ['watch', 'each/key', '--rev=1']);
      context.after(() => running.interrupt());
      return running;
    });
    await etcdctl(cluster().members[0]!, ['put', 'each/key', 'everywhere']);
    for (const running of watches)
      assert.equal(
        await running.untilStdout((text) => text.endsWith('everywhere\n')),
        'PUT\neach/key\neverywhere\n',
      );
  });
});

describe('from the past', () => {
  test('--rev replays every change since, without gap or repetition, then goes on', async (context) => {
    const first = await put('past/a', '1');
    for (let count = 2; count <= 30; count++) await put('past/a', `${count}`);
    const running = watch(context, `--rev=${first}`, 'past/a');
    const upTo = (last: number): string =>
      Array.from({ length: last }, (_, at) => `PUT\npast/a\n${at + 1}\n`).join('');
    await prints(running, upTo(30));
    for (let count = 31; count <= 40; count++) await put('past/a', `${count}`);
    await prints(running, upTo(40));
  });

  test('--rev with --prev-kv tells the value before each change', async (context) => {
    const first = await put('prev/a', 'x');
    await put('prev/a', 'y');
    await run('del', 'prev/a');
    const running = watch(context, `--rev=${first + 1}`, '--prev-kv', 'prev/a');
    await prints(running, 'PUT\nprev/a\nx\nprev/a\ny\nDELETE\nprev/a\ny\nprev/a\n\n');
  });

  test('C16 a --rev in the future delivers nothing older', async (context) => {
    const current = await put('future/a', 'old');
    const running = watch(context, `--rev=${current + 3}`, 'future/a');
    await put('future/a', 'one too early');
    await put('future/a', 'two too early');
    await put('future/a', 'in time');
    assert.equal(await running.untilStdout((text) => text.includes('in time')), 'PUT\nfuture/a\nin time\n');
  });

  test('a --rev that is compacted ends the watch with etcd’s words', async () => {
    await put('gone/a', '1');
    const current = await put('gone/a', '2');
    await run('compaction', `${current}`);
    const running = new RunningEtcdctl(cluster().members, ['watch', `--rev=${current - 1}`, 'gone/a']);
    const { code, stderr } = await running.untilExit();
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /^watch was canceled \(etcdserver: mvcc: required revision has been compacted\)\nError: watch is canceled by the server\n$/,
    );
    const good = new RunningEtcdctl(cluster().members, ['watch', `--rev=${current}`, 'gone/a']);
    assert.equal(await good.untilStdout((text) => text.endsWith('2\n')), 'PUT\ngone/a\n2\n');
    await good.interrupt();
  });
});

describe('interactive', () => {
  test('several watches on one stream, and progress on request', async (context) => {
    const first = await put('inter/a', '1');
    const last = await put('inter/b', '2');
    const running = watch(context, '-i');
    running.child.stdin.write(`watch --rev=${first} inter/a\nwatch --rev=${first} --prefix inter/\n`);
    await running.untilStdout((text) => (text.match(/^PUT\ninter\/.\n.$/gm) ?? []).length === 3);
    running.child.stdin.write('progress\n');
    const text = await running.untilStdout((all) => /progress notify: \d+\n/.test(all));
    assert.equal(text.match(/PUT\ninter\/a\n1\n/g)?.length, 2);
    assert.equal(text.match(/PUT\ninter\/b\n2\n/g)?.length, 1);
    // C12: at this bookmark everything up to it was delivered, so it is no less than what was seen.
    const bookmark = Number(/progress notify: (\d+)/.exec(text)![1]);
    assert.ok(bookmark >= last, `${bookmark} >= ${last}`);
  });

  test('the range and the environment variables of the command line', async (context) => {
    const running = watch(context, '-i');
    const first = await put('iv/a', '1');
    await put('iv/b', '2');
    running.child.stdin.write(`watch --rev=${first} iv/a iv/b\n`);
    await prints(running, 'PUT\niv/a\n1\n');
  });
});
