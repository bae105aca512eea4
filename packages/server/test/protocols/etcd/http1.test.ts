/** Health, version and metrics over HTTP/1.1, through node's own server and client. */
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { revision } from '@synod/coordination';
import { etcdHttp1Handler, type MetricsSource } from '../../../src/protocols/etcd/http1.ts';
import { FakeService } from './fake-service.ts';

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

const METRICS: MetricsSource = {
  contentType: 'text/plain; version=0.0.4',
  metrics: async () => 'etcd_server_has_leader 1\n',
};

/** Serves one request, and lets the test answer what the service was asked meanwhile. */
async function ask(
  service: FakeService,
  path: string,
  { method = 'GET', metrics = METRICS, meanwhile = () => {} } = {},
): Promise<Answer> {
  const handler = etcdHttp1Handler(service, { serverVersion: '3.7.0', clusterVersion: '3.7.0', metrics });
  const server = createServer((incoming, outgoing) => {
    handler(incoming, outgoing);
    meanwhile();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode!, type: response.headers['content-type'], body }),
        );
      })
        .on('error', reject)
        .end();
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function answering(service: FakeService, result: 'range' | 'timeout') {
  return () =>
    service.ranges[0]!.completion.complete(
      result === 'range'
        ? { kind: 'range', revision: revision(2), records: [], more: false, count: 0 }
        : { kind: 'serviceFailure', code: 'timeout' },
    );
}

const TEXT = 'text/plain; charset=utf-8';

test('health: true once a linearizable read was answered', async () => {
  const service = new FakeService();
  const answer = await ask(service, '/health', { meanwhile: answering(service, 'range') });
  assert.deepEqual(answer, { status: 200, type: TEXT, body: '{"health":"true","reason":""}' });
  assert.equal(service.ranges[0]!.question.linearizable, true);
});

test('health: false without a leader, and nothing is asked', async () => {
  const service = new FakeService();
  service.hasLeader = false;
  assert.deepEqual(await ask(service, '/health'), {
    status: 503,
    type: TEXT,
    body: '{"health":"false","reason":"RAFT NO LEADER"}\n',
  });
  assert.equal(service.asked, 0);
});

test('health: false where the read fails, with why', async () => {
  const service = new FakeService();
  assert.deepEqual(await ask(service, '/health', { meanwhile: answering(service, 'timeout') }), {
    status: 503,
    type: TEXT,
    body: '{"health":"false","reason":"RANGE ERROR:etcdserver: request timed out"}\n',
  });
});

test('health of this member alone needs no leader', async () => {
  const service = new FakeService();
  service.hasLeader = false;
  const answer = await ask(service, '/health?serializable=true', { meanwhile: answering(service, 'range') });
  assert.equal(answer.status, 200);
  assert.equal(service.ranges[0]!.question.linearizable, false);
});

test('version, as etcd 3.7 orders its fields', async () => {
  assert.deepEqual(await ask(new FakeService(), '/version'), {
    status: 200,
    type: 'application/json',
    body: '{"etcdserver":"3.7.0","etcdcluster":"3.7.0","storage":"3.7.0"}',
  });
});

test('metrics come from the registry; one that fails says so', async () => {
  assert.deepEqual(await ask(new FakeService(), '/metrics'), {
    status: 200,
    type: 'text/plain; version=0.0.4',
    body: 'etcd_server_has_leader 1\n',
  });
  const failing = { contentType: '', metrics: () => Promise.reject(new Error('a gauge is broken')) };
  const answer = await ask(new FakeService(), '/metrics', { metrics: failing });
  assert.equal(answer.status, 500);
  assert.equal(answer.body, 'the metrics cannot be collected: a gauge is broken\n');
});

test('other paths and other methods', async () => {
  assert.deepEqual(await ask(new FakeService(), '/nope'), {
    status: 404,
    type: TEXT,
    body: '404 page not found\n',
  });
  for (const path of ['/health', '/version'])
    assert.deepEqual(await ask(new FakeService(), path, { method: 'POST' }), {
      status: 405,
      type: TEXT,
      body: 'Method Not Allowed\n',
    });
});

test('a path that is no path is not found, and does no harm', async () => {
  assert.equal((await ask(new FakeService(), '//')).status, 404);
  assert.equal((await ask(new FakeService(), 'http://[')).status, 404);
});
