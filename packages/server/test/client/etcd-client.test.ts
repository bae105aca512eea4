/** The client where servers fail: fail-over, the fate of writes, deadlines, TLS, tokens, watches that go on, snapshots. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '../cli/client/recorded-terminal.ts';
import { selfSigned } from './self-signed.ts';
import { type StubAnswer, StubServer } from './stub-server.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const DONE: StubAnswer = { kind: 'answer', message: {} };
const BROKEN: StubAnswer = { kind: 'break' };

function directory(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'synod-client-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a read whose answer is lost is asked again at the next endpoint', async (context) => {
  const first = await StubServer.start(context, () => BROKEN);
  const second = await StubServer.start(context, () => DONE);
  const ran = await run([`--endpoints=${first.endpoint},${second.endpoint}`, 'get', 'a']);
  assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' });
  assert.deepEqual([first.calls.length, second.calls.length], [1, 1]);
});

test('a write whose fate is unknown is not sent again: it could be done twice', async (context) => {
  const first = await StubServer.start(context, () => BROKEN);
  const second = await StubServer.start(context, () => DONE);
  const ran = await run([`--endpoints=${first.endpoint},${second.endpoint}`, 'put', 'a', '1']);
  assert.deepEqual(ran, { code: 1, stdout: '', stderr: 'Error: the connection was lost\n' });
  assert.deepEqual([first.calls.length, second.calls.length], [1, 0]);
});

test('a server that is silent: the deadline is told to it, and the line says what to do', async (context) => {
  const stub = await StubServer.start(context, () => ({ kind: 'silence' }));
  const { code, stderr } = await run([
    `--endpoints=${stub.endpoint}`,
    '--command-timeout=100ms',
    'put',
    'a',
    '1',
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /^Error: context deadline exceeded: no answer in time\. Has the cluster a leader\?/);
  assert.match(String(stub.calls[0]!.headers['grpc-timeout']), /^\d+u$/);
});

test('what a server does not have is said in its words', async (context) => {
  const stub = await StubServer.start(context, () => ({ kind: 'failure', code: 12, text: 'unknown method' }));
  const { code, stderr } = await run([`--endpoints=${stub.endpoint}`, 'auth', 'status']);
  assert.equal(code, 1);
  assert.equal(stderr, 'Error: this server does not serve that: unknown method\n');
});

test('TLS: an authority that is trusted, one that is not, and a client’s certificate', async (context) => {
  const server = selfSigned();
  const client = selfSigned();
  const place = directory(context);
  const file = (name: string, text: string): string => {
    writeFileSync(join(place, name), text);
    return join(place, name);
  };
  const authority = file('ca.pem', server.certificate);
  const stub = await StubServer.start(context, () => DONE, server);
  const get = (endpoint: string, ...flags: string[]) =>
    run([`--endpoints=${endpoint}`, 'get', 'a', ...flags]);
  const done = { code: 0, stdout: '', stderr: '' };

  assert.deepEqual(await get(`https://localhost:${stub.port}`, '--cacert', authority), done);
  assert.deepEqual(await get(`https://${stub.endpoint}`, '--cacert', authority), done);
  assert.deepEqual(await get(stub.endpoint, '--cacert', authority), done, 'an authority means TLS');
  assert.deepEqual(await get(`https://${stub.endpoint}`, '--insecure-skip-tls-verify'), done);
  assert.deepEqual(
    await get(stub.endpoint, '--insecure-transport=false', '--insecure-skip-tls-verify'),
    done,
  );
  assert.equal(stub.calls.at(-1)!.hasClientCertificate, false);

  const files = ['--cert', file('cert.pem', client.certificate), '--key', file('key.pem', client.key)];
  assert.deepEqual(await get(`https://${stub.endpoint}`, '--cacert', authority, ...files), done);
  assert.equal(stub.calls.at(-1)!.hasClientCertificate, true);

  const calls = stub.calls.length;
  const stranger = await get(`https://${stub.endpoint}`);
  assert.equal(stranger.code, 1);
  assert.match(
    stranger.stderr,
    /^Error: no endpoint can be reached: https:.* \(self-signed certificate; --cacert names/,
  );
  const half = await get(`https://${stub.endpoint}`, '--cert', authority);
  assert.deepEqual(
    [half.code, half.stderr],
    [2, 'Error: --cert and --key go together: give both, or neither\n'],
  );
  const missing = await get(`https://${stub.endpoint}`, '--cacert', join(place, 'none'));
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^Error: --cacert: ENOENT/);
  assert.equal(stub.calls.length, calls);
});

test('plaintext at a port that speaks TLS: the cause is named at once, for reads and for writes', async (context) => {
  const stub = await StubServer.start(context, () => DONE, selfSigned());
  const words =
    /^Error: no endpoint can be reached: \S+ \(it speaks TLS, and plaintext was sent; say https:\/\//;
  for (const endpoint of [stub.endpoint, `http://${stub.endpoint}`])
    for (const command of [
      ['get', 'a'],
      ['put', 'a', '1'],
      ['watch', 'a'],
      ['--user=a:b', 'get', 'a'],
    ]) {
      const { code, stderr } = await run([`--endpoints=${endpoint}`, '--command-timeout=60s', ...command]);
      assert.equal(code, 1, command.join(' '));
      assert.match(stderr, words);
    }
  assert.equal(stub.calls.length, 0);
});

test('a port that closes without a word: a write goes to the next endpoint, as nothing was sent', async (context) => {
  const closing = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
  context.after(() => closing.close());
  const { port } = closing.address() as AddressInfo;
  const stub = await StubServer.start(context, () => DONE);
  const both = await run([`--endpoints=127.0.0.1:${port},${stub.endpoint}`, 'put', 'a', '1']);
  assert.deepEqual(both, { code: 0, stdout: 'OK\n', stderr: '' });
  assert.equal(stub.calls.length, 1);
  const alone = await run([`--endpoints=127.0.0.1:${port}`, '--command-timeout=100ms', 'get', 'a']);
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /\((the connection was closed|no word of HTTP\/2|no answer)/);
});

test('a user’s token is got once, sent along, and got again when it is over', async (context) => {
  let isFresh = false;
  const stub = await StubServer.start(context, ({ method, request, headers }) => {
    if (method === 'Authenticate') {
      if (request['password'] !== 'pass:word')
        return { kind: 'failure', code: 3, text: 'etcdserver: authentication failed' };
      return { kind: 'answer', message: { token: isFresh ? 'two' : 'one' } };
    }
    if (headers['token'] === 'two') return DONE;
    isFresh = true;
    return { kind: 'failure', code: 16, text: 'etcdserver: invalid auth token' };
  });
  const endpoints = `--endpoints=${stub.endpoint}`;
  assert.equal((await run([endpoints, '--user', 'root:pass:word', 'put', 'a', '1'])).code, 0);
  assert.deepEqual(
    stub.calls.map(({ method, headers }) => [method, headers['token']]),
    [
      ['Authenticate', undefined],
      ['Put', 'one'],
      ['Authenticate', undefined],
      ['Put', 'two'],
    ],
  );
  assert.equal((await run([endpoints, '--user', 'root', '--password', 'pass:word', 'get', 'a'])).code, 0);
  assert.equal((await run([endpoints, '--user', 'root', 'get', 'a'], { secrets: ['pass:word'] })).code, 0);
  const refused = await run([endpoints, '--user', 'root:wrong', 'get', 'a']);
  assert.deepEqual(refused, { code: 2, stdout: '', stderr: 'Error: etcdserver: authentication failed\n' });
});

test('a watch goes on behind the last revision it has seen', async (context) => {
  const event = (revision: bigint) => ({
    header: { revision },
    events: [{ kv: { key: bytes('a'), value: bytes(String(revision)), mod_revision: revision } }],
  });
  const created = { header: { revision: 4n }, created: true };
  let opened = 0;
  const stub = await StubServer.start(context, () => {
    opened++;
    if (opened === 1) return { kind: 'break', messages: [created, event(5n), event(6n)] };
    if (opened === 2) return { kind: 'break', messages: [{ ...created, header: { revision: 9n } }] };
    return { kind: 'break', messages: [created, event(7n), { canceled: true, cancel_reason: 'enough' }] };
  });
  const ran = await run([`--endpoints=${stub.endpoint}`, 'watch', 'a']);
  assert.equal(ran.stdout, 'PUT\na\n5\nPUT\na\n6\nPUT\na\n7\n');
  assert.equal(ran.stderr, 'watch was canceled (enough)\nError: watch is canceled by the server\n');
  const starts = stub.calls.map(
    ({ request }) => (request['create_request'] as { start_revision?: bigint }).start_revision,
  );
  assert.deepEqual(starts, [undefined, 7n, 7n]);
  assert.equal(stub.calls[0]!.headers['hasleader'], 'true');
});

test('a snapshot is whole or not there', async (context) => {
  const place = directory(context);
  const store = Buffer.alloc(4096, 7);
  const digest = createHash('sha256').update(store).digest();
  const pieces = [store.subarray(0, 1000), store.subarray(1000), digest.subarray(0, 5), digest.subarray(5)];
  const file = join(place, 'backup.db');
  const save = async (answer: StubAnswer) => {
    const stub = await StubServer.start(context, () => answer);
    return run([`--endpoints=${stub.endpoint}`, 'snapshot', 'save', file]);
  };
  const messages = pieces.map((blob) => ({ blob }));
  const damaged = await save({
    kind: 'answers',
    messages: [{ blob: bytes('x') }, { blob: store.subarray(1) }, { blob: digest }],
  });
  assert.deepEqual([damaged.code, existsSync(file)], [5, false]);
  assert.match(damaged.stderr, /^Error: the snapshot is damaged: its SHA-256 is wrong/);
  const cut = await save({ kind: 'break', messages: messages.slice(0, 2) });
  assert.deepEqual([cut.code, existsSync(file), existsSync(`${file}.part`)], [1, false, false]);
  const saved = await save({ kind: 'answers', messages });
  assert.deepEqual(saved, { code: 0, stdout: `Snapshot saved at ${file}\n`, stderr: '' });
  assert.deepEqual(readFileSync(file), Buffer.concat(pieces));
});

test('members are added, changed and taken out; leaders are asked to hand over', async (context) => {
  const header = { cluster_id: 0xbabc9795b64f03e3n, member_id: 1n };
  const member = { ID: 0x2an, peerURLs: ['http://m4:2380'] };
  const members = [{ ID: 1n, name: 'm1', peerURLs: ['http://m1:2380'] }, member];
  const stub = await StubServer.start(context, ({ method }) => {
    if (method === 'MemberAdd') return { kind: 'answer', message: { header, member, members } };
    if (method === 'Status') return { kind: 'answer', message: { header, leader: 1n } };
    if (!method.startsWith('Member')) return { kind: 'answer', message: { header } };
    return { kind: 'answer', message: { header, members } };
  });
  const out = async (...line: string[]): Promise<string> =>
    (await run([`--endpoints=${stub.endpoint}`, ...line])).stdout;
  assert.equal(
    await out('member', 'add', 'm4', '--peer-urls', 'http://m4:2380'),
    `Member               2a added to cluster babc9795b64f03e3

ETCD_NAME="m4"
ETCD_INITIAL_CLUSTER="m1=http://m1:2380,m4=http://m4:2380"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://m4:2380"
ETCD_INITIAL_CLUSTER_STATE="existing"
`,
  );
  assert.deepEqual(stub.calls[0]!.request, { peerURLs: ['http://m4:2380'] });
  assert.equal(
    await out('member', 'remove', '2a'),
    'Member               2a removed from cluster babc9795b64f03e3\n',
  );
  assert.equal(
    await out('member', 'promote', '2A'),
    'Member               2a promoted in cluster babc9795b64f03e3\n',
  );
  assert.equal(
    await out('member', 'update', '2a', '--peer-urls=http://m4:1,http://m4:2'),
    'Member               2a updated in cluster babc9795b64f03e3\n',
  );
  assert.deepEqual(stub.calls.at(-1)!.request, { ID: 0x2an, peerURLs: ['http://m4:1', 'http://m4:2'] });
  assert.equal(await out('move-leader', '2a'), 'Leadership transferred from 1 to 2a\n');
  assert.deepEqual(stub.calls.at(-1)!.request, { targetID: 0x2an });
  assert.equal(await out('defrag'), `Finished defragmenting etcd member[${stub.endpoint}]\n`);
});
