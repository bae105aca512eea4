/** What clients of gRPC do with a connection besides calls: pings of both kinds, and connections by the hundred. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { test } from 'node:test';
import { GrpcChannel } from './grpc-channel.ts';
import { PUT, putRequest, range, revisionOf } from './key-value.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const ping = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => {
    session.ping((error) => (error ? reject(error) : resolve()));
  });

test('a ping behind every answer, as Go clients send to measure the link, is welcome', async () => {
  const REQUESTS = 3_000;
  const channel = new GrpcChannel(cluster().members[0]!);
  await channel.unary(PUT, putRequest('pings', 'x'));
  for (let at = 0; at < REQUESTS; at++) {
    const { values } = await range(channel, { key: 'pings', serializable: true });
    assert.equal(values[0]?.value, 'x');
    await channel.ping();
  }
  assert.ok(channel.isOpen);
  channel.close();
});

test('pings without a call, one after the other, end the connection as etcd ends it', async () => {
  const session = connect(cluster().members[0]!.clientUrl);
  session.on('error', () => {});
  await once(session, 'connect');
  const goaway = once(session, 'goaway');
  for (let at = 0; at < 10 && !session.destroyed; at++) await ping(session).catch(() => {});
  const [code, , data] = (await goaway) as [number, number, Buffer];
  assert.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  assert.equal(data.toString(), 'too_many_pings');
  session.destroy();
});

test('500 connections at once, each with its calls', async () => {
  const CONNECTIONS = 500;
  const channels = Array.from(
    { length: CONNECTIONS },
    (_, at) => new GrpcChannel(cluster().members[at % cluster().members.length]!),
  );
  const revisions = await Promise.all(
    channels.map(async (channel, at) => revisionOf(await channel.unary(PUT, putRequest(`many/${at}`, 'x')))),
  );
  assert.equal(new Set(revisions).size, CONNECTIONS);
  for (const channel of channels) channel.close();
});
