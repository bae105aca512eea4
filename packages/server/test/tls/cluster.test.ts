/** Whole members over TLS, on both protocols: links, clients, the gateway, users by certificate, what they log (T7–T10). */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { parseEndpoint } from '../../src/client/endpoint.ts';
import { EtcdClient } from '../../src/client/etcd-client.ts';
import { RPC } from '../../src/client/rpc.ts';
import type { TlsConfig } from '../../src/tls/tls-config.ts';
import { PROTOCOLS, TestCluster, type TestMember } from '../member/test-cluster.ts';
import { CertificateFolder, type Issued, TestAuthority } from './test-authority.ts';

const LIMIT = { timeout: 30_000 };

async function secureCluster(
  t: TestContext,
  options: { protocol?: 'raft' | 'paxos'; size?: number; tls?: Partial<TlsConfig> } = {},
) {
  const authority = new TestAuthority();
  const folder = new CertificateFolder(t);
  const cluster = await TestCluster.started(t, {
    size: options.size ?? 3,
    protocol: options.protocol ?? 'raft',
    tls: {
      own: folder.issued('member', authority.issue()),
      authoritiesFile: folder.write('ca.pem', authority.certificate),
      requiresCertificate: true,
      commonNameIsUser: true,
      checksAddress: true,
      versionMin: 'TLSv1.2',
      ...options.tls,
    },
  });
  const clientOf = (member: TestMember, shown: Issued): EtcdClient => {
    const client = new EtcdClient({
      endpoints: [parseEndpoint(`https://127.0.0.1:${member.running!.clientPorts[0]}`)!],
      dialTimeoutMs: 2_000,
      commandTimeoutMs: 5_000,
      keepaliveTimeMs: 10_000,
      keepaliveTimeoutMs: 6_000,
      user: undefined,
      tls: {
        authorities: Buffer.from(authority.certificate),
        certificate: Buffer.from(shown.certificate),
        key: Buffer.from(shown.key),
        isVerified: true,
        isDefault: false,
      },
    });
    t.after(() => client.close());
    return client;
  };
  return { authority, folder, cluster, clientOf };
}

for (const protocol of PROTOCOLS) {
  test(`T7 members agree over TLS and serve clients over it, on ${protocol}`, LIMIT, async (t) => {
    const { authority, cluster, clientOf } = await secureCluster(t, { protocol });
    const [first, second] = cluster.members;
    const shown = authority.issue({ commonName: 'anybody' });
    await clientOf(first!, shown).call(RPC.put, { key: 'k', value: 'v' });
    const { kvs } = await clientOf(second!, shown).call(RPC.range, { key: 'k' });
    assert.equal(kvs[0]!.value, 'v');
  });
}

test(
  'T8 a member whose certificate runs out of trust is refused by the others, and gets in with a new one',
  LIMIT,
  async (t) => {
    const { authority, folder, cluster, clientOf } = await secureCluster(t);
    const [first, second] = cluster.members;
    const client = clientOf(first!, authority.issue());
    await client.call(RPC.put, { key: 'k', value: '1' });
    folder.issued('member', new TestAuthority('stranger').issue());
    first!.relay.cut();
    first!.relay.targetPort = first!.running!.peerPorts[0]!;
    await second!.lines.until((line) =>
      /TLS with this peer failed: .*authority that is not trusted/.test(line),
    );
    // The client's connection outlives both changes.
    folder.issued('member', authority.issue());
    await client.call(RPC.put, { key: 'k', value: '2' });
    await clientOf(second!, authority.issue()).call(RPC.put, { key: 'k', value: '3' });
  },
);

test(
  'T9 with auth on, the common name is the user over gRPC and nobody over the gateway',
  LIMIT,
  async (t) => {
    const { authority, cluster, clientOf } = await secureCluster(t, { size: 1 });
    const [member] = cluster.members;
    const root = authority.issue({ commonName: 'root' });
    const asRoot = clientOf(member!, root);
    await asRoot.call(RPC.userAdd, { name: 'root', options: { no_password: true } });
    await asRoot.call(RPC.roleAdd, { role: 'root' });
    await asRoot.call(RPC.userGrantRole, { user: 'root', role: 'root' });
    await asRoot.call(RPC.authEnable, {});
    await asRoot.call(RPC.put, { key: 'k', value: 'v' });
    const stranger = clientOf(member!, authority.issue({ commonName: 'nobody' }));
    await assert.rejects(stranger.call(RPC.put, { key: 'k', value: 'w' }), /permission denied/);
    const answer = await post(member!, authority, root, '/v3/kv/range', '{"key":"aw=="}');
    assert.match(answer, /user name is empty/);
  },
);

test('T10 TLS on a port of plaintext is named', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const [member] = cluster.members;
  const { clientPorts, peerPorts } = member!.running!;
  for (const port of [clientPorts[0]!, peerPorts[0]!]) {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    t.after(() => socket.destroy());
  }
  await member!.lines.until((line) => /TLS came to an address that speaks plaintext/.test(line), 2);
});

/** The body of the answer, over HTTP/1.1. */
function post(
  member: TestMember,
  authority: TestAuthority,
  shown: Issued,
  path: string,
  body: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: member.running!.clientPorts[0],
        path,
        method: 'POST',
        ca: authority.certificate,
        cert: shown.certificate,
        key: shown.key,
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
