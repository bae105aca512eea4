/** The client commands against a member in this process: what they print, their exit codes, and what they leave behind. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runClientCommand } from '../../../src/cli/client/run-client-command.ts';
import { TestCluster } from '../../member/test-cluster.ts';
import { type Ran, RecordedTerminal, run } from './recorded-terminal.ts';

let endpoint = '';
const endings: (() => unknown)[] = [];
before(async () => {
  const cluster = await TestCluster.started({ after: (job) => void endings.push(job) }, { size: 1 });
  endpoint = `127.0.0.1:${cluster.members[0]!.running!.clientPorts[0]}`;
});
after(async () => {
  for (const end of endings) await end();
});

/** A line in words, and standard input. */
function synod(line: string, stdin = ''): Promise<Ran> {
  return run([`--endpoints=${endpoint}`, ...line.split(' ')], { stdin });
}

/** One that goes on until it is stopped, at the latest with the tests. */
function begin(line: string): { terminal: RecordedTerminal; ended: Promise<number> } {
  const terminal = new RecordedTerminal();
  const ended = runClientCommand([`--endpoints=${endpoint}`, ...line.split(' ')], {}, terminal);
  endings.unshift(() => {
    terminal.interrupt();
    return ended;
  });
  return { terminal, ended };
}

const SIZE = '[\\d.]+ [kMG]?B';
const ok = (stdout: string): Ran => ({ code: 0, stdout, stderr: '' });

test('put, get and del', async () => {
  assert.deepEqual(await synod('put kv/a 1'), ok('OK\n'));
  assert.deepEqual(await synod('put kv/a 2 --prev-kv'), ok('OK\nkv/a\n1\n'));
  assert.deepEqual(await synod('put kv/b', 'from stdin\n'), ok('OK\n'));
  assert.deepEqual(await synod('put kv/n -- -5'), ok('OK\n'));
  assert.deepEqual(await synod('get --prefix kv/'), ok('kv/a\n2\nkv/b\nfrom stdin\n\nkv/n\n-5\n'));
  assert.deepEqual(await synod('get kv/a kv/c --keys-only'), ok('kv/a\n\nkv/b\n\n'));
  assert.deepEqual(await synod('get --prefix kv/ --count-only'), ok('3\n'));
  assert.deepEqual(await synod('get kv/a --print-value-only'), ok('2\n'));
  assert.deepEqual(await synod('get kv/a --consistency=s --hex'), ok('\\x6b\\x76\\x2f\\x61\n\\x32\n'));
  assert.deepEqual(
    await synod('get --prefix kv/ --sort-by=VALUE --order=DESCEND --limit=1 --print-value-only'),
    ok('from stdin\n\n'),
  );
  assert.deepEqual(
    await synod('del --prefix kv/ --prev-kv'),
    ok('3\nkv/a\n2\nkv/b\nfrom stdin\n\nkv/n\n-5\n'),
  );
  assert.deepEqual(await synod('get --prefix kv/'), ok(''));
});

test('what cannot be done: one line on standard error, nothing on standard output, etcdctl’s exit code', async () => {
  const cases: readonly (readonly [line: string, code: number, words: RegExp])[] = [
    ['get', 128, /^Error: get command needs one argument as key and an optional argument as range_end$/],
    ['get --prefix --from-key a', 128, /cannot be set at the same time/],
    ['get a --order=FOO', 4, /^Error: bad sort order FOO: it is ASCEND, DESCEND$/],
    ['get a --sort-by=FOO', 4, /^Error: bad sort target FOO/],
    ['get a --consistency=x', 4, /^Error: unknown consistency flag "x": it is l or s$/],
    ['get a --print-value-only -w json', 128, /only for `--write-out=simple`/],
    ['get a -w yaml', 4, /^Error: unsupported output format "yaml"/],
    ['get a -w table', 4, /^Error: table not supported as output format$/],
    ['get a --limt=3', 1, /^Error: unknown flag: --limt. Did you mean --limit\? See 'synod get --help'.$/],
    ['put a', 128, /^Error: put command needs 1 argument and input from stdin or 2 arguments$/],
    ['put --ignore-value a b', 128, /needs only 1 argument/],
    ['put --ignore-value none', 1, /^Error: etcdserver: key not found$/],
    ['put a 1 --lease=77777', 1, /^Error: etcdserver: requested lease not found$/],
    ['del', 128, /^Error: del command needs one argument/],
    ['txn x', 128, /^Error: txn command does not accept argument$/],
    ['watch', 128, /^Error: bad number of arguments/],
    ['watch a --', 128, /found separator --, but no commands/],
    ['lease grant x', 128, /^Error: bad TTL "x"/],
    ['lease revoke zz', 128, /expecting ID in Hex/],
    ['lease revoke 1234', 1, /^Error: failed to revoke lease \(etcdserver: requested lease not found\)$/],
    ['lease keep-alive --once 1234', 2, /^Error: etcdserver: requested lease not found$/],
    ['lease nothing', 1, /^Error: unknown command "lease nothing". See 'synod lease'.$/],
    ['lock', 128, /^Error: lock takes a lock name argument/],
    ['elect -l n p', 128, /^Error: proposal given but -l is set$/],
    ['compaction x', 1, /"x" is no revision/],
    ['compaction 100000', 1, /^Error: etcdserver: mvcc: required revision is a future revision$/],
    ['member add m4', 128, /^Error: member peer urls not provided/],
    ['member remove zz', 128, /^Error: bad member ID arg "zz", expecting ID in Hex/],
    ['move-leader', 128, /^Error: move-leader command needs 1 argument$/],
    ['snapshot save', 128, /^Error: snapshot save expects one argument$/],
    ['snapshot status', 128, /^Error: snapshot status requires exactly one argument$/],
    ['role grant-permission r own k', 128, /^Error: invalid permission type: own/],
    ['user add a', 128, /^Error: empty password$/],
    ['completion tcsh', 128, /bash, zsh, fish$/],
  ];
  for (const [line, code, words] of cases) {
    const ran = await synod(line);
    assert.deepEqual({ code: ran.code, stdout: ran.stdout }, { code, stdout: '' }, line);
    assert.match(ran.stderr.trimEnd(), words, line);
    assert.equal(ran.stderr.trimEnd().split('\n').length, 1, line);
  }
});

test('every command has help with examples, and every group says its commands', async () => {
  const { CLIENT_COMMANDS, COMMAND_GROUPS } = await import('../../../src/cli/client/command-list.ts');
  for (const name of Object.keys(CLIENT_COMMANDS)) {
    const { code, stdout, stderr } = await run([...name.split(' '), '--help']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, name);
    assert.ok(stdout.startsWith(`Usage: synod ${name}`), name);
    assert.match(stdout, /^Examples:\n {2}\S/m, name);
    assert.match(stdout, /--command-timeout/, name);
  }
  for (const group of COMMAND_GROUPS)
    assert.match((await run([group])).stdout, new RegExp(`synod ${group} \\S+ `));
});

test('the environment gives global flags', async () => {
  const environment = { ETCDCTL_ENDPOINTS: endpoint, ETCDCTL_WRITE_OUT: 'json' };
  const { stdout } = await run(['get', 'none'], { environment });
  assert.match(stdout, /^\{"header":\{"cluster_id":\d+/);
  const both = await run(['--endpoints', endpoint, 'get', 'none'], { environment });
  assert.equal(both.code, 1);
  assert.match(both.stderr, /^Error: ETCDCTL_ENDPOINTS is set and so is its flag/);
});

test('a member that is down is passed over; when all are, the line names each and its reason', async () => {
  const passed = await run([`--endpoints=127.0.0.1:1,${endpoint}`, 'put', 'over', '1']);
  assert.deepEqual(passed, ok('OK\n'));
  const none = await run(['--endpoints=127.0.0.1:1,127.0.0.1:2', '--command-timeout=100ms', 'get', 'a']);
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /^Error: no endpoint can be reached: 127\.0\.0\.1:1 \(connection refused\), 127\.0\.0\.1:2 \(con/,
  );
});

test('txn: success, failure, the end of input', async () => {
  const text = 'create("txn/a") = "0"\n\nput txn/a "x y"\n\nget txn/a\n\n';
  assert.deepEqual(await synod('txn', text), ok('SUCCESS\n\nOK\n'));
  assert.deepEqual(await synod('txn', text), ok('FAILURE\n\ntxn/a\nx y\n'));
  const interactive = await synod('txn -i', text);
  assert.equal(interactive.stdout.split('\n')[0], 'compares:');
  assert.equal((await synod('txn', 'create("a") = "0"\n')).code, 3);
});

test('watch: from a revision, with what was before, until the server ends it', async () => {
  await synod('put watch/a 1');
  const revision = await headerRevision();
  await synod('put watch/a 2');
  const { terminal, ended: watchEnded } = begin(`watch --prefix watch/ --prev-kv --rev=${revision + 1}`);
  await synod('del watch/a');
  await terminal.pieces.until((piece) => piece.startsWith('DELETE'));
  assert.equal(terminal.stdout, 'PUT\nwatch/a\n1\nwatch/a\n2\nDELETE\nwatch/a\n2\nwatch/a\n\n');
  terminal.interrupt();
  assert.equal(await watchEnded, 130);
  await synod(`compaction ${await headerRevision()}`);
  const ended = await synod('watch watch/a --rev=2');
  assert.equal(ended.code, 5);
  assert.equal(
    ended.stderr,
    'watch was canceled (etcdserver: mvcc: required revision has been compacted)\nError: watch is canceled by the server\n',
  );
});

async function headerRevision(): Promise<number> {
  const { stdout } = await synod('get none -w json');
  return (JSON.parse(stdout) as { header: { revision: number } }).header.revision;
}

test('watch runs a command for each event', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-watch-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const script = join(directory, 'script.mjs');
  writeFileSync(
    script,
    `const { ETCD_WATCH_EVENT_TYPE: type, ETCD_WATCH_KEY: key, ETCD_WATCH_VALUE: value } = process.env;
     process.exit(type + key + value === '"PUT""exec/a""it\\\\"s"' ? 7 : 8);`,
  );
  await synod('put exec/a it"s');
  const revision = await headerRevision();
  const { code, stderr } = await synod(`watch exec/a --rev=${revision} -- ${process.execPath} ${script}`);
  assert.equal(code, 1);
  assert.match(stderr, /error \(exit status 7\)$/m);
});

test('leases: grant, renew, look, end', async () => {
  const granted = await synod('lease grant 100');
  const [, lease] = /^lease ([0-9a-f]{16}) granted with TTL\(100s\)\n$/.exec(granted.stdout) ?? [];
  assert.ok(lease, granted.stdout);
  await synod(`put leased 1 --lease=${lease}`);
  assert.equal(
    (await synod(`lease keep-alive --once ${lease}`)).stdout,
    `lease ${lease} keepalived with TTL(100)\n`,
  );
  assert.match(
    (await synod(`lease timetolive ${lease} --keys`)).stdout,
    /granted with TTL\(100s\), remaining\((99|100)s\), attached keys\(\[leased\]\)\n$/,
  );
  assert.match((await synod('lease list')).stdout, new RegExp(`^found \\d+ leases\n(.*\n)*${lease}\n`));
  const renewing = begin(`lease keep-alive ${lease}`);
  await renewing.terminal.pieces.until((piece) => piece.includes('keepalived'));
  assert.deepEqual(await synod(`lease revoke ${lease}`), ok(`lease ${lease} revoked\n`));
  assert.deepEqual(await synod('get leased'), ok(''));
  assert.deepEqual(await synod(`lease timetolive ${lease}`), ok(`lease ${lease} already expired\n`));
  assert.deepEqual(await synod(`lease keep-alive ${lease}`), ok(`lease ${lease} expired or revoked.\n`));
});

test('lock: one holds it, the other waits, Ctrl-C hands it over and leaves nothing behind', async () => {
  const holder = begin('lock excl');
  await holder.terminal.pieces.until((piece) => /^excl\/[0-9a-f]+\n\n$/.test(piece));
  const waiter = begin('lock excl');
  await untilKeys('excl/', 2);
  assert.equal(waiter.terminal.stdout, '');
  holder.terminal.interrupt();
  assert.equal(await holder.ended, 0);
  await waiter.terminal.pieces.until((piece) => piece.startsWith('excl/'));
  assert.notEqual(waiter.terminal.stdout, holder.terminal.stdout);
  waiter.terminal.interrupt();
  assert.equal(await waiter.ended, 0);
  assert.deepEqual(await synod('get --prefix excl/'), ok(''));
});

test('lock: stopped while it waits, it gives its place up', async () => {
  const holder = begin('lock wait');
  await holder.terminal.pieces.until((piece) => piece.startsWith('wait/'));
  const waiter = begin('lock wait');
  await untilKeys('wait/', 2);
  waiter.terminal.interrupt();
  assert.equal(await waiter.ended, 1);
  assert.equal(waiter.terminal.stderr, 'Error: stopped while it waited for the lock\n');
  assert.equal((await synod('get --prefix wait/ --count-only')).stdout, '1\n');
  holder.terminal.interrupt();
  await holder.ended;
});

test('lock: the command runs under it, and its exit code is told', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-lock-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const script = join(directory, 'script.mjs');
  writeFileSync(
    script,
    'process.exit(/^run\\/[0-9a-f]+$/.test(process.env.ETCD_LOCK_KEY) && process.env.ETCD_LOCK_REV > 1 ? 7 : 8);',
  );
  assert.equal((await synod(`lock run ${process.execPath} ${script}`)).code, 7);
  assert.deepEqual(await synod('get --prefix run/'), ok(''));
  const missing = await synod('lock run no-such-command');
  assert.equal(missing.code, 1);
  assert.equal(missing.stderr, 'Error: exec: "no-such-command": executable file not found in $PATH\n');
});

test('elect: one leads, listeners hear of it and of the next', async () => {
  const first = begin('elect vote alpha');
  await first.terminal.pieces.until((piece) => /^vote\/[0-9a-f]+\nalpha\n$/.test(piece));
  const listener = begin('elect --listen vote');
  await listener.terminal.pieces.until((piece) => piece.endsWith('alpha\n'));
  const second = begin('elect vote beta');
  await untilKeys('vote/', 2);
  assert.equal(second.terminal.stdout, '');
  first.terminal.interrupt();
  assert.equal(await first.ended, 0);
  await second.terminal.pieces.until((piece) => /^vote\/[0-9a-f]+\nbeta\n$/.test(piece));
  await listener.terminal.pieces.until((piece) => piece.endsWith('beta\n'));
  second.terminal.interrupt();
  assert.equal(await second.ended, 0);
});

/** Asks by a watch from the start, so that no time passes for nothing. */
async function untilKeys(prefix: string, count: number): Promise<void> {
  for (;;) {
    const { stdout } = await synod(`get --prefix ${prefix} --count-only`);
    if (Number(stdout) === count) return;
  }
}

test('members and endpoints', async () => {
  const list = await synod('member list');
  const [, id] =
    /^([0-9a-f]+), started, m1, http:\/\/127\.0\.0\.1:\d+, http:\/\/m1\.test:2379, false\n$/.exec(
      list.stdout,
    ) ?? [];
  assert.ok(id, list.stdout);
  const status = await synod('endpoint status');
  assert.match(
    status.stdout,
    new RegExp(
      `^${endpoint}, ${id}, 3\\.7\\.0, 3\\.7\\.0, ${SIZE}, ${SIZE}, \\d+%, ${SIZE}, true, false, \\d+, \\d+, \\d+, , , false\n$`,
    ),
  );
  const fields = (await synod('endpoint status -w fields')).stdout;
  assert.match(
    fields,
    /^"StorageVersion" : "3\.7\.0"\n"DBSize" : \d+\n"DBSizeInUse" : \d+\n"DBSizeQuota" : \d+$/m,
  );
  assert.match(fields, /\n"DowngradeTargetVersion" : ""\n"DowngradeEnabled" : false\n\n$/);
  assert.match((await synod('endpoint status -w json')).stdout, /,"downgradeInfo":\{\}\}\}\]\n$/);
  assert.match(
    (await synod('endpoint health')).stdout,
    / is healthy: successfully committed proposal: took = [\d.]+ms\n$/,
  );
  const half = await run([
    `--endpoints=${endpoint},127.0.0.1:1`,
    '--command-timeout=200ms',
    'endpoint',
    'health',
  ]);
  assert.equal(half.code, 1);
  assert.match(half.stdout, / is healthy: /);
  assert.match(half.stderr, /^127\.0\.0\.1:1 is unhealthy: .*\nError: unhealthy cluster\n$/);
  const down = await run([
    `--endpoints=${endpoint},127.0.0.1:1`,
    '--command-timeout=200ms',
    'endpoint',
    'status',
  ]);
  assert.equal(down.code, 1);
  assert.match(down.stderr, /^Failed to get the status of endpoint 127\.0\.0\.1:1 \(/);
  assert.match(down.stdout, /^127\.0\.0\.1:\d+, /);
});
