/** `--listen-metrics-urls`: metrics and health without the rest, over plaintext and the clients' TLS. */
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { test } from 'node:test';
import { CertificateFolder, TestAuthority } from '../tls/test-authority.ts';
import { TestCluster } from './test-cluster.ts';

const PAGES = [
  ['/metrics', 200],
  ['/health', 200],
  ['/readyz', 200],
  ['/livez/serializable_read', 200],
  ['/version', 404],
  ['/v3/kv/range', 404],
  ['/openapi.json', 404],
  ['/', 404],
] as const;

test('over plaintext: metrics and health, and nothing by which the cluster is used', async (t) => {
  const cluster = await TestCluster.started(t, { size: 1, metricsUrls: ['http://127.0.0.1:0'] });
  const [port] = cluster.members[0]!.running!.metricsPorts;
  for (const [path, status] of PAGES) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    assert.equal(response.status, status, path);
    if (path === '/metrics') assert.match(await response.text(), /^etcd_server_has_leader 1$/m);
  }
  await cluster.stop(cluster.members[0]!);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
});

test('over TLS: with the clients’ certificate', async (t) => {
  const folder = new CertificateFolder(t);
  const authority = new TestAuthority();
  const cluster = await TestCluster.started(t, {
    size: 1,
    metricsUrls: ['https://127.0.0.1:0'],
    tls: {
      own: folder.issued('member', authority.issue()),
      requiresCertificate: false,
      commonNameIsUser: false,
      checksAddress: false,
      versionMin: 'TLSv1.2',
    },
  });
  const running = cluster.members[0]!.running!;
  const status = await new Promise<number | undefined>((resolve, reject) =>
    get(
      { host: '127.0.0.1', port: running.metricsPorts[0], path: '/health', ca: authority.certificate },
      (response) => resolve(response.resume().statusCode),
    ).on('error', reject),
  );
  assert.equal(status, 200);
});
