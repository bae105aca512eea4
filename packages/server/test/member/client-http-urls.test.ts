/** `--listen-client-http-urls`: the clients' addresses speak gRPC alone, and these HTTP/1.1 alone, in plaintext and over TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { PREFACE } from '../../src/http2/frames.ts';
import { CertificateFolder, TestAuthority } from '../tls/test-authority.ts';
import { TestCluster } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };

/** What comes back, until the other side closes. */
async function answerTo(context: TestContext, port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

test('each address speaks its own, and nothing of the other', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1, httpUrls: ['http://127.0.0.1:0'] });
  const [member] = cluster.members;
  const [http] = member!.running!.httpPorts;
  const [grpc] = member!.running!.clientPorts;
  await member!.client.put('k', 'v');
  const body = JSON.stringify({ key: Buffer.from('k').toString('base64') });
  const range = await fetch(`http://127.0.0.1:${http}/v3/kv/range`, { method: 'POST', body });
  assert.equal(((await range.json()) as { count: string }).count, '1');
  for (const path of ['/health', '/metrics', '/version'])
    assert.equal((await fetch(`http://127.0.0.1:${http}${path}`)).status, 200, path);

  assert.equal(await answerTo(t, grpc!, 'GET /health HTTP/1.1\r\nhost: m\r\n\r\n'), '');
  assert.doesNotMatch(await answerTo(t, http!, PREFACE), /200/);

  await cluster.stop(member!);
  await assert.rejects(fetch(`http://127.0.0.1:${http}/health`));
});

test('without it, one address speaks both', LIMIT, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const { running, client } = cluster.members[0]!;
  await client.put('k', 'v');
  assert.equal((await fetch(`http://127.0.0.1:${running!.clientPorts[0]}/health`)).status, 200);
  assert.deepEqual(running!.httpPorts, []);
});

test('over TLS, who offers both gets what is spoken there', LIMIT, async (t) => {
  const folder = new CertificateFolder(t);
  const authority = new TestAuthority();
  const cluster = await TestCluster.started(t, {
    size: 1,
    httpUrls: ['https://127.0.0.1:0'],
    tls: {
      own: folder.issued('member', authority.issue()),
      requiresCertificate: false,
      commonNameIsUser: false,
      checksAddress: false,
      versionMin: 'TLSv1.2',
    },
  });
  const { running } = cluster.members[0]!;
  const agreed = async (port: number, offered: string[]): Promise<string | false | null> => {
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority.certificate, ALPNProtocols: offered });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket.alpnProtocol;
  };
  assert.equal(await agreed(running!.clientPorts[0]!, ['http/1.1', 'h2']), 'h2');
  assert.equal(await agreed(running!.httpPorts[0]!, ['h2', 'http/1.1']), 'http/1.1');
  await assert.rejects(agreed(running!.httpPorts[0]!, ['h2']), /no application protocol|alert/i);
});
