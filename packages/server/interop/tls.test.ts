/** etcdctl, curl and npm's etcd3 with a member that speaks TLS and asks for certificates; those without are refused. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateFolder, TestAuthority } from '../test/tls/test-authority.ts';
import { freePorts } from './cluster/free-ports.ts';
import { MemberProcess } from './cluster/member-process.ts';
import { target } from './cluster/target.ts';
import { connectSecurely, type KeyValue } from './etcd3-client.ts';
import { etcdctlAnyExit } from './etcdctl.ts';

const READY_LINE = 'ready to serve client requests';

test('etcdctl, curl and npm’s etcd3 over TLS, with a certificate, without one, and with a stranger’s', async (t) => {
  const folder = new CertificateFolder(t);
  const authority = new TestAuthority();
  const own = folder.issued('member', authority.issue());
  const shown = folder.issued('client', authority.issue({ commonName: 'client' }));
  const strange = folder.issued('strange', new TestAuthority('stranger').issue());
  const authorities = folder.write('ca.pem', authority.certificate);
  const directory = mkdtempSync(join(tmpdir(), 'synod-tls-interop-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [clientPort, peerPort] = await freePorts(2);
  const url = `https://127.0.0.1:${clientPort}`;
  const address = { name: 'm1', clientPort: clientPort!, peerPort: peerPort! };
  const member = new MemberProcess({
    ...address,
    target,
    dataDir: join(directory, 'm1'),
    logFile: join(directory, 'm1.log'),
    initialMembers: [address],
    clusterToken: 'tls',
    commandPrefix: [],
    extraFlags: [
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--cert-file=${own.certificateFile}`,
      `--key-file=${own.keyFile}`,
      `--trusted-ca-file=${authorities}`,
      '--client-cert-auth',
    ],
  });
  member.spawn();
  t.after(() => member.kill());
  while (!member.log().includes(READY_LINE)) {
    assert.ok(member.isRunning, member.logTail());
    await sleep(20);
  }
  const as = ({ certificateFile, keyFile }: typeof own): string[] => [
    `--cacert=${authorities}`,
    `--cert=${certificateFile}`,
    `--key=${keyFile}`,
  ];
  const endpoint = { endpoint: url };
  const put = await etcdctlAnyExit(endpoint, [...as(shown), 'put', 'k', 'v']);
  assert.equal(put.stdout, 'OK\n', put.stderr);
  assert.equal(
    (await etcdctlAnyExit(endpoint, [...as(shown), 'get', 'k', '--print-value-only'])).stdout,
    'v\n',
  );
  const limit = '--command-timeout=2s';
  assert.notEqual((await etcdctlAnyExit(endpoint, [...as(strange), limit, 'get', 'k'])).code, 0);
  assert.notEqual((await etcdctlAnyExit(endpoint, [`--cacert=${authorities}`, limit, 'get', 'k'])).code, 0);
  const curl = (...options: string[]): Promise<string> =>
    new Promise((resolve) => {
      const body = ['-s', '-m', '5', `${url}/v3/kv/range`, '-d', '{"key":"aw=="}'];
      execFile('curl', ['--cacert', authorities, ...options, ...body], (_, stdout) => resolve(stdout));
    });
  assert.match(await curl('--cert', shown.certificateFile, '--key', shown.keyFile), /"value":"dg=="/);
  assert.equal(await curl(), '');

  const rootCertificate = readFileSync(authorities);
  const npm = connectSecurely(url, { rootCertificate, ...pemOf(shown) });
  t.after(() => npm.close());
  assert.equal(await npm.get('k').string(), 'v');
  const watcher = await npm.watch().key('w').create();
  const seen = once(watcher, 'put');
  await npm.put('w').value('1');
  assert.equal(String(((await seen)[0] as KeyValue).value), '1');
  await watcher.cancel();
  for (const certificates of [{ rootCertificate }, { rootCertificate, ...pemOf(strange) }]) {
    const refused = connectSecurely(url, certificates);
    await assert.rejects(refused.get('k').string());
    refused.close();
  }
});

function pemOf({ certificateFile, keyFile }: { certificateFile: string; keyFile: string }) {
  return { certChain: readFileSync(certificateFile), privateKey: readFileSync(keyFile) };
}
