/** TLS between members, from the flags on: certificates of their own making, lists of revoked ones, addresses (T12–T15). */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { parseEndpoint } from '../../src/client/endpoint.ts';
import { EtcdClient } from '../../src/client/etcd-client.ts';
import { RPC } from '../../src/client/rpc.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { accepted } from '../config/read.ts';
import { PROTOCOLS, TestCluster, type TestMember } from '../member/test-cluster.ts';
import { CertificateFolder, TestAuthority } from './test-authority.ts';

const LIMIT = { timeout: 60_000 };
const DAY_MS = 24 * 60 * 60 * 1000;

/** What a member with these flags speaks on its ports; which ports those are does not matter. */
function tlsFlags(
  dataDirectory: string,
  ...flags: readonly string[]
): Pick<MemberConfig, 'clientTls' | 'peerTls'> {
  const { clientTls, peerTls } = accepted(['--data-dir', dataDirectory, ...flags]);
  return { ...(clientTls === undefined ? {} : { clientTls }), ...(peerTls === undefined ? {} : { peerTls }) };
}

const SECURE_CLIENTS = [
  ...['--listen-client-urls', 'https://127.0.0.1:1', '--advertise-client-urls', 'https://127.0.0.1:1'],
];
const SECURE_PEERS = [
  ...['--listen-peer-urls', 'https://127.0.0.1:2', '--initial-advertise-peer-urls', 'https://127.0.0.1:2'],
];

function clientOf(
  t: TestContext,
  member: TestMember,
  scheme: 'http' | 'https',
  isVerified: boolean,
): EtcdClient {
  const client = new EtcdClient({
    endpoints: [parseEndpoint(`${scheme}://127.0.0.1:${member.running!.clientPorts[0]}`)!],
    dialTimeoutMs: 2_000,
    commandTimeoutMs: 10_000,
    keepaliveTimeMs: 10_000,
    keepaliveTimeoutMs: 6_000,
    user: undefined,
    tls: { authorities: undefined, certificate: undefined, key: undefined, isVerified, isDefault: false },
  });
  t.after(() => client.close());
  return client;
}

async function shownAt(port: number): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate()!;
  socket.destroy();
  return certificate;
}

/** Every link to and from every member begins anew. */
function reconnectAll({ members }: TestCluster): void {
  for (const { relay, running } of members) {
    relay.cut();
    relay.targetPort = running!.peerPorts[0]!;
  }
}

test('T13 --auto-tls: a certificate of the member’s own making, kept over a restart', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, {
    size: 1,
    tlsOf: ({ dataDirectory }) =>
      tlsFlags(dataDirectory, '--auto-tls', '--self-signed-cert-validity', '3', ...SECURE_CLIENTS),
  });
  const member = cluster.members[0]!;
  await clientOf(t, member, 'https', false).call(RPC.put, { key: 'k', value: 'v' });
  await assert.rejects(
    clientOf(t, member, 'https', true).call(RPC.put, { key: 'k', value: 'w' }),
    /self-signed/,
  );
  await assert.rejects(
    clientOf(t, member, 'http', false).call(RPC.put, { key: 'k', value: 'w' }),
    /speaks TLS/,
  );
  assert.equal(
    member.lines.count((line) => line === 'automatically generate certificates'),
    1,
  );

  const kept = readFileSync(member.config.clientTls!.own.certificateFile, 'utf8');
  assert.ok(member.config.clientTls!.own.certificateFile.startsWith(member.config.dataDirectory));
  const first = await shownAt(member.running!.clientPorts[0]!);
  assert.equal(first.fingerprint256, new X509Certificate(kept).fingerprint256);
  assert.equal(Date.parse(first.validTo) - Date.parse(first.validFrom), 3 * 365 * DAY_MS);
  assert.equal(first.checkIP('127.0.0.1'), '127.0.0.1');

  await cluster.stop(member);
  await (await cluster.start(member)).ready;
  assert.equal((await shownAt(member.running!.clientPorts[0]!)).fingerprint256, first.fingerprint256);
  assert.equal(
    member.lines.count((line) => line === 'automatically generate certificates'),
    1,
  );
  const { kvs } = await clientOf(t, member, 'https', false).call(RPC.range, { key: 'k' });
  assert.equal(kvs[0]!.value, 'v');
});

for (const protocol of PROTOCOLS)
  test(`T14 --peer-auto-tls: members link, and keep their certificates, on ${protocol}`, LIMIT, async (t) => {
    const cluster = await TestCluster.started(t, {
      protocol,
      tlsOf: ({ dataDirectory }) => tlsFlags(dataDirectory, '--peer-auto-tls', ...SECURE_PEERS),
    });
    const [first, second, third] = cluster.members as [TestMember, TestMember, TestMember];
    await first.client.call('KV', 'Put', { key: Buffer.from('k'), value: Buffer.from('v') });
    const shown = (): Promise<X509Certificate[]> =>
      Promise.all(cluster.members.map(({ running }) => shownAt(running!.peerPorts[0]!)));
    const before = (await shown()).map(({ fingerprint256 }) => fingerprint256);
    assert.equal(new Set(before).size, 3);

    const plain = connectPlain(second.running!.peerPorts[0]!, '127.0.0.1').on('error', () => {});
    plain.write('SYNODPEER\n and more than that');
    await once(plain, 'close');
    await second.lines.until((line) =>
      /^rejected connection on peer endpoint: plaintext came to an address that speaks TLS/.test(line),
    );

    await cluster.stop(third);
    await (await cluster.start(third)).ready;
    assert.deepEqual(
      (await shown()).map(({ fingerprint256 }) => fingerprint256),
      before,
    );
    await third.client.call('KV', 'Put', { key: Buffer.from('k'), value: Buffer.from('w') });
  });

/** Three members with a certificate each, of one authority, and a list of those that it took back. */
function ownCertificates(
  t: TestContext,
  more: (name: string, folder: CertificateFolder) => readonly string[] = () => [],
) {
  const authority = new TestAuthority();
  const folder = new CertificateFolder(t);
  const issued = new Map(['m1', 'm2', 'm3'].map((name) => [name, authority.issue({ commonName: name })]));
  const [ca, crl] = [
    folder.write('ca.pem', authority.certificate),
    folder.write('crl', authority.revocations()),
  ];
  const tlsOf = ({ name, dataDirectory }: Pick<MemberConfig, 'name' | 'dataDirectory'>) => {
    const { certificateFile, keyFile } = folder.issued(name, issued.get(name)!);
    return tlsFlags(
      dataDirectory,
      ...['--peer-cert-file', certificateFile, '--peer-key-file', keyFile],
      ...['--peer-trusted-ca-file', ca, '--peer-client-cert-auth', '--peer-crl-file', crl],
      ...SECURE_PEERS,
      ...more(name, folder),
    );
  };
  return { authority, folder, issued, tlsOf };
}

const put = (member: TestMember, value: string) =>
  member.client.call('KV', 'Put', { key: Buffer.from('k'), value: Buffer.from(value) });

test(
  'T15 a member whose certificate is revoked is refused by the others, without a restart',
  LIMIT,
  async (t) => {
    const { authority, folder, issued, tlsOf } = ownCertificates(t);
    const cluster = await TestCluster.started(t, { tlsOf });
    const [first, second, third] = cluster.members as [TestMember, TestMember, TestMember];
    await put(first, '1');

    authority.revoke(issued.get('m1')!);
    folder.write('crl', authority.revocations());
    // What was open goes on; from here on it counts.
    await put(first, '2');
    assert.equal(
      second.lines.count((line) => line.includes('revoked')),
      0,
    );
    reconnectAll(cluster);
    for (const member of [second, third]) {
      await member.lines.until(
        (line) => line === 'rejected connection on peer endpoint: its certificate was revoked',
      );
      await member.lines.until((line) => line === 'TLS with this peer failed: its certificate was revoked');
    }
    await put(second, '3');

    folder.issued('m1', authority.issue({ commonName: 'm1' }));
    await put(first, '4');
  },
);

test(
  'T12 a member that comes from an address that its certificate is not for is refused',
  LIMIT,
  async (t) => {
    const { authority, folder, tlsOf } = ownCertificates(t, (name, ownFolder) => {
      if (name !== 'm1') return [];
      // What it shows where it connects.
      const { certificateFile, keyFile } = ownFolder.issued(
        'm1-client',
        authority.issue({ hosts: ['10.9.9.9'] }),
      );
      return ['--peer-client-cert-file', certificateFile, '--peer-client-key-file', keyFile];
    });
    const cluster = await TestCluster.create(t, { tlsOf });
    const [first, second, third] = await Promise.all(cluster.members.map((member) => cluster.start(member)));
    await Promise.all([second!.ready, third!.ready]);
    await cluster.members[1]!.lines.until((line) =>
      /^rejected connection on peer endpoint: its certificate is for 10\.9\.9\.9, not for 127\.0\.0\.1, where/.test(
        line,
      ),
    );
    await put(cluster.members[1]!, '1');
    folder.issued('m1-client', authority.issue());
    await first!.ready;
    await put(cluster.members[0]!, '2');
  },
);
