/** A member that bounds its clients' connections and their requests, over gRPC, the gateway and TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CertificateFolder, TestAuthority } from '../tls/test-authority.ts';
import { type ClusterOptions, TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };
const TOO_MANY = '8 etcdserver: too many requests';

async function oneMember(context: TestContext, options: ClusterOptions): Promise<TestMember> {
  const cluster = await TestCluster.started(context, { ...options, size: 1 });
  return cluster.members[0]!;
}

/** Whether the member keeps it: what it does not, it closes at once. */
async function connected(context: TestContext, port: number): Promise<{ socket: Socket; isKept: boolean }> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = once(socket.resume(), 'close').then(() => false);
  // An answer shows that it was taken.
  socket.write('GET /health HTTP/1.1\r\nhost: member\r\n\r\n');
  return { socket, isKept: await Promise.race([closed, once(socket, 'data').then(() => true)]) };
}

test(
  'connections beyond the share of one address are closed, and told; those that are there go on',
  LIMIT,
  async (t) => {
    const member = await oneMember(t, {
      connectionsMax: 100,
      connectionsPerAddressMax: 3,
      metricsUrls: ['http://127.0.0.1:0'],
    });
    await member.client.put('k', 'v');
    const [port] = member.running!.clientPorts;
    const first = await connected(t, port!);
    assert.ok(first.isKept);
    // The addresses for metrics share the number.
    assert.ok((await connected(t, member.running!.metricsPorts[0]!)).isKept);
    assert.ok(!(await connected(t, port!)).isKept);
    assert.ok(!(await connected(t, member.running!.metricsPorts[0]!)).isKept);
    assert.equal(await member.client.get('k'), 'v');
    await member.lines.until((line) =>
      /closed a connection of a client: this address has 3 connections/.test(line),
    );
    first.socket.destroy();
    // The member learns of it a moment later.
    while (!(await connected(t, port!)).isKept);
  },
);

test('over TLS a connection counts from before its handshake', LIMIT, async (t) => {
  const folder = new CertificateFolder(t);
  const authority = new TestAuthority();
  const member = await oneMember(t, {
    connectionsMax: 4,
    tls: {
      own: folder.issued('member', authority.issue()),
      requiresCertificate: false,
      commonNameIsUser: false,
      checksAddress: false,
      versionMin: 'TLSv1.2',
    },
  });
  const [port] = member.running!.clientPorts;
  const silent = [connect(port!, '127.0.0.1'), connect(port!, '127.0.0.1')];
  for (const socket of silent) {
    t.after(() => socket.destroy());
    await once(socket, 'connect');
  }
  const third = connect(port!, '127.0.0.1').resume();
  third.on('error', () => undefined);
  await once(third, 'close');
  await member.lines.until((line) => /this address has 2 connections already/.test(line));
});

test(
  'requests beyond the rate of a connection are answered so, and another connection is not held to it',
  LIMIT,
  async (t) => {
    const member = await oneMember(t, { requestsPerSecondMax: 5 });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => member.client.put(`k${i}`, 'v')),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    // How many depends on how long they take: the budget itself is tested with a clock of its own.
    assert.ok(refused.length > 0 && refused.length < 50, `${refused.length} refused`);
    for (const { reason } of refused) assert.equal(reason.message, TOO_MANY);

    const url = `http://127.0.0.1:${member.running!.clientPorts[0]}`;
    const statuses = await gatewayStatuses(t, member, 20);
    assert.equal(statuses[0], 200);
    assert.ok(statuses.includes(429), statuses.join());
    assert.equal((await fetch(`${url}/health`)).status, 200);
  },
);

/** Of so many calls in a row on one connection. */
async function gatewayStatuses(context: TestContext, member: TestMember, count: number): Promise<number[]> {
  const socket = connect(member.running!.clientPorts[0]!, '127.0.0.1');
  context.after(() => socket.destroy());
  const body = JSON.stringify({ key: Buffer.from('k1').toString('base64') });
  const request = `POST /v3/kv/range HTTP/1.1\r\nhost: member\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  socket.write(request.repeat(count));
  let text = '';
  const statuses = (): number[] =>
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  for await (const chunk of socket) {
    text += chunk;
    if (statuses().length === count) break;
  }
  return statuses();
}
