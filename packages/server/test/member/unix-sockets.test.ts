/** Members whose every address is a Unix socket, over plaintext and TLS, from the flags to a client's answer. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEndpoint } from '../../src/client/endpoint.ts';
import { EtcdClient } from '../../src/client/etcd-client.ts';
import { RPC } from '../../src/client/rpc.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import type { RunningMember } from '../../src/member/running-member.ts';
import { startMember } from '../../src/member/start-member.ts';
import { SynodProcess } from '../cli/synod-process.ts';
import { accepted } from '../config/read.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { CertificateFolder, TestAuthority } from '../tls/test-authority.ts';
import { logInto, TEST_TUNING } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };

function scratch(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-unix-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function configs(directory: string, scheme: 'unix' | 'unixs', more: readonly string[] = []): MemberConfig[] {
  const url = (name: string, whom: string): string => `${scheme}://${join(directory, name)}.${whom}`;
  const names = ['m1', 'm2', 'm3'];
  return names.map((name) =>
    accepted([
      ...['--name', name, '--data-dir', join(directory, 'data', name)],
      ...['--listen-peer-urls', url(name, 'peer'), '--initial-advertise-peer-urls', url(name, 'peer')],
      ...['--listen-client-urls', url(name, 'client'), '--advertise-client-urls', url(name, 'client')],
      ...['--listen-metrics-urls', `unix://${join(directory, name)}.metrics`],
      ...['--initial-cluster', names.map((one) => `${one}=${url(one, 'peer')}`).join(',')],
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
      ...more,
    ]),
  );
}

async function started(context: TestContext, all: readonly MemberConfig[]): Promise<RunningMember[]> {
  const members = await Promise.all(
    all.map((config) => startMember(config, logInto(new RecordedEvents()), TEST_TUNING)),
  );
  context.after(() => Promise.all(members.map((member) => member.stop())));
  await Promise.all(members.map(({ ready }) => ready));
  return members;
}

function clientAt(context: TestContext, url: string, authority?: string): EtcdClient {
  const client = new EtcdClient({
    endpoints: [parseEndpoint(url)!],
    dialTimeoutMs: 2_000,
    commandTimeoutMs: 10_000,
    keepaliveTimeMs: 10_000,
    keepaliveTimeoutMs: 6_000,
    user: undefined,
    tls: {
      authorities: authority === undefined ? undefined : Buffer.from(authority),
      certificate: undefined,
      key: undefined,
      isVerified: true,
      isDefault: false,
    },
  });
  context.after(() => client.close());
  return client;
}

function statusOf(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => resolve(response.resume().statusCode)).on(
      'error',
      reject,
    );
  });
}

test('members agree and serve clients, probes and the gateway; the files go with them', LIMIT, async (t) => {
  const directory = scratch(t);
  const all = configs(directory, 'unix');
  const members = await started(t, all);
  await clientAt(t, all[0]!.listenClientUrls[0]!).call(RPC.put, { key: 'k', value: 'v' });
  const { kvs } = await clientAt(t, all[2]!.listenClientUrls[0]!).call(RPC.range, { key: 'k' });
  assert.equal(kvs[0]!.value, 'v');
  assert.equal(await statusOf(join(directory, 'm1.client'), '/health'), 200);
  assert.equal(await statusOf(join(directory, 'm1.metrics'), '/metrics'), 200);
  assert.equal(await statusOf(join(directory, 'm1.metrics'), '/version'), 404);
  for (const member of members) await member.stop();
  assert.deepEqual(readdirSync(directory), ['data']);
});

test('over TLS, with a certificate for this machine', LIMIT, async (t) => {
  const folder = new CertificateFolder(t);
  const authority = new TestAuthority();
  const { certificateFile, keyFile } = folder.issued('member', authority.issue({ hosts: ['localhost'] }));
  const ca = folder.write('ca.pem', authority.certificate);
  const all = configs(scratch(t), 'unixs', [
    ...['--cert-file', certificateFile, '--key-file', keyFile],
    ...['--peer-cert-file', certificateFile, '--peer-key-file', keyFile, '--peer-trusted-ca-file', ca],
  ]);
  await started(t, all);
  const url = all[1]!.listenClientUrls[0]!;
  await clientAt(t, url, authority.certificate).call(RPC.put, { key: 'k', value: 'v' });
  await assert.rejects(
    clientAt(t, url, new TestAuthority('stranger').certificate).call(RPC.put, { key: 'k', value: 'w' }),
    /--cacert names the authority to trust/,
  );
});

test('a socket in use is refused; the socket of a killed member is replaced', LIMIT, async (t) => {
  const directory = scratch(t);
  const [client, peer] = ['client', 'peer'].map((name) => join(directory, name));
  const flags = [
    ...['start', '--data-dir', join(directory, 'data')],
    ...['--listen-client-urls', `unix://${client}`, '--advertise-client-urls', `unix://${client}`],
    ...['--listen-peer-urls', `unix://${peer}`, '--initial-advertise-peer-urls', `unix://${peer}`],
  ];
  const other = createServer();
  await new Promise<void>((resolve) => other.listen({ path: client! }, resolve));
  const refused = new SynodProcess(t, flags);
  const { code, stderr } = await refused.ended;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`the address for clients is taken \\(unix://${client}\\)\\. Stop what`));
  await new Promise((resolve) => other.close(resolve));

  const killed = new SynodProcess(t, flags);
  await killed.line(/ready to serve/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.ok(existsSync(client!) && existsSync(peer!));

  const again = new SynodProcess(t, flags);
  await again.line(/ready to serve/);
  const put = await new SynodProcess(t, [`--endpoints=unix://${client}`, 'put', 'k', 'v']).ended;
  assert.deepEqual(put, { code: 0, stdout: 'OK\n', stderr: '' });
  const members = await new SynodProcess(t, [`--endpoints=unix://${client}`, 'member', 'list']).ended;
  assert.match(members.stdout, new RegExp(`, unix://${peer}, unix://${client},`));
  again.child.kill('SIGTERM');
  assert.equal((await again.ended).code, 0);
  assert.deepEqual(readdirSync(directory), ['data']);
});
