/** Why a member may not start: each reason in words for whoever starts it, and nothing left behind (M1, M2). */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { addressOf } from '../../src/member/addresses.ts';
import { StartFailure } from '../../src/member/start-failure.ts';
import { startMember } from '../../src/member/start-member.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { logInto, TEST_TUNING, TestCluster } from './test-cluster.ts';

const LIMIT = { timeout: 20_000 };

async function oneMember(test: TestContext) {
  const cluster = await TestCluster.create(test, { size: 1 });
  return { cluster, member: cluster.members[0]! };
}

/** The words with which a start fails. It must do so with a StartFailure. */
async function failureOf(config: MemberConfig): Promise<string> {
  try {
    const running = await startMember(config, logInto(new RecordedEvents()), TEST_TUNING);
    await running.stop();
  } catch (error) {
    assert.ok(error instanceof StartFailure, `not a StartFailure: ${error}`);
    return error.message;
  }
  throw new Error('the member started');
}

/** A listener, on a port of the system's choice or on this one; rejects when it is taken. */
async function listener(port = 0): Promise<{ url: string; port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const chosen = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${chosen}`,
    port: chosen,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test('M1 a data directory in use', LIMIT, async (t) => {
  const { cluster, member } = await oneMember(t);
  await (await cluster.start(member)).ready;
  assert.match(
    await failureOf(member.config),
    new RegExp(
      `is in use by process ${process.pid}\\. Stop that member, or give this one its own --data-dir`,
    ),
  );
  await member.client.put('still', 'running');
});

test('M1 a data directory of etcd’s: refused, and nothing is written there', LIMIT, async (t) => {
  const { member } = await oneMember(t);
  const { dataDirectory } = member.config;
  mkdirSync(join(dataDirectory, 'member', 'snap'), { recursive: true });
  assert.match(await failureOf(member.config), /holds data of etcd.*migration-from-etcd/);
  assert.deepEqual(readdirSync(dataDirectory), ['member']);
});

test('M1 a data directory of another cluster, and of another member', LIMIT, async (t) => {
  const { cluster, member } = await oneMember(t);
  await (await cluster.start(member)).ready;
  await cluster.stop(member);
  const other = 'c0ffee0000000001';
  assert.match(await failureOf({ ...member.config, clusterId: other }), /cluster/);
  assert.match(
    await failureOf({
      ...member.config,
      memberId: other,
      founders: [{ id: other, name: 'x', peerUrls: ['http://127.0.0.1:1'] }],
    }),
    /member/,
  );
  // Neither try did any harm.
  await (await cluster.start(member)).ready;
});

test(
  'M1 M2 a port that is taken, for peers or for clients; the next try finds everything free',
  LIMIT,
  async (t) => {
    const { cluster, member } = await oneMember(t);
    await (await cluster.start(member)).ready;
    await member.client.put('key', 'value');
    await cluster.stop(member);
    const { url, close } = await listener();
    t.after(close);
    assert.equal(
      await failureOf({ ...member.config, listenPeerUrls: [url] }),
      `the address for peers is taken (${url}). Stop what listens there, or choose another.`,
    );
    // The first address is had before the second is found taken, and the log is replayed meanwhile.
    const free = await listener();
    await free.close();
    assert.equal(
      await failureOf({ ...member.config, listenClientUrls: [free.url, url] }),
      `the address for clients is taken (${free.url}, ${url}). Stop what listens there, or choose another.`,
    );
    await (await listener(free.port)).close();
    await (await cluster.start(member)).ready;
    assert.equal(await member.client.get('key'), 'value');
  },
);

test('M1 an address that is not of this machine', LIMIT, async (t) => {
  const { member } = await oneMember(t);
  assert.match(
    await failureOf({ ...member.config, listenClientUrls: ['http://192.0.2.1:0'] }),
    /^cannot listen for clients on http:\/\/192\.0\.2\.1:0: .*EADDRNOTAVAIL/,
  );
});

test('M1 a journal damaged in the middle is refused, not cut', LIMIT, async (t) => {
  const { cluster, member } = await oneMember(t);
  await (await cluster.start(member)).ready;
  for (let i = 0; i < 50; i++) await member.client.put(`key ${i}`, 'some value');
  await cluster.stop(member);
  const journal = join(member.config.dataDirectory, 'journal');
  const path = join(journal, readdirSync(journal).sort()[0]!);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('key 10');
  assert.ok(at > 0);
  bytes[at]! ^= 0xff;
  writeFileSync(path, bytes);
  const message = await failureOf(member.config);
  assert.match(message, /damaged/);
  assert.ok(message.includes(readdirSync(journal).sort()[0]!), message);
});

test('M1 a directory that cannot be made or written', LIMIT, async (t) => {
  const { member } = await oneMember(t);
  const file = `${member.config.dataDirectory}-file`;
  writeFileSync(file, '');
  assert.match(await failureOf({ ...member.config, dataDirectory: join(file, 'below') }), /file/);
  // The superuser may write everywhere.
  if (process.getuid?.() === 0) return;
  mkdirSync(member.config.dataDirectory, { mode: 0o500 });
  const message = await failureOf(member.config);
  chmodSync(member.config.dataDirectory, 0o700);
  assert.match(message, new RegExp(dirname(member.config.dataDirectory)));
});

test('an address without a port is at the one of HTTP', () => {
  assert.deepEqual(addressOf('http://10.0.0.1:80'), { host: '10.0.0.1', port: 80, isSecure: false });
  assert.deepEqual(addressOf('http://[::1]:2380'), { host: '::1', port: 2380, isSecure: false });
  assert.deepEqual(addressOf('https://m1'), { host: 'm1', port: 443, isSecure: true });
  assert.deepEqual(addressOf('unix://m1:80'), { path: 'm1:80', isSecure: false });
  assert.deepEqual(addressOf('unixs:///run/m1'), { path: '/run/m1', isSecure: true });
});
