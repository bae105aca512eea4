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
  { method = 'GET', metrics = METRICS, jsonGateway = true, meanwhile = () => {} } = {},
): Promise<Answer> {
  const handler = etcdHttp1Handler(service, {
    serverVersion: '3.7.0',
    clusterVersion: '3.7.0',
    requestBytesMax: 1_572_864,
    metrics,
    jsonGateway,
    methods: new Map(),
  });
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

test('health: false while an alarm is active, but for those that are left out', async () => {
  const service = answeringAll(new FakeService(), { serializable: true, linearizable: true });
  service.raised = [{ member: service.memberId, kind: 'noSpace', isAutomatic: true }];
  const unwell = { status: 503, type: TEXT, body: '{"health":"false","reason":"ALARM NOSPACE"}\n' };
  assert.deepEqual(await ask(service, '/health'), unwell);
  assert.deepEqual(await ask(service, '/health?serializable=true'), unwell);
  assert.deepEqual(await ask(service, '/health?exclude=CORRUPT'), unwell);
  assert.equal((await ask(service, '/health?exclude=CORRUPT&exclude=NOSPACE')).status, 200);
  assert.equal((await ask(service, '/readyz')).status, 200);
  service.raised = [{ member: service.memberId, kind: 'corrupt', isAutomatic: false }];
  assert.match((await ask(service, '/health?exclude=NOSPACE')).body, /"ALARM CORRUPT"/);
  const { status, body } = await ask(service, '/readyz?exclude=linearizable_read');
  assert.deepEqual(
    [status, body.split('\n')[0]],
    [503, '[-]data_corruption failed: alarm activated: CORRUPT'],
  );
  assert.equal((await ask(service, '/livez')).status, 200);
});

/** Answers every read there is and those that follow. */
function answeringAll(
  service: FakeService,
  results: Readonly<Record<'serializable' | 'linearizable', boolean>>,
) {
  service.range = (_, linearizable, completion) =>
    completion.complete(
      results[linearizable ? 'linearizable' : 'serializable']
        ? { kind: 'range', revision: revision(2), records: [], more: false, count: 0 }
        : { kind: 'serviceFailure', code: 'noLeader' },
    );
  return service;
}

test('livez asks this member alone, readyz the cluster as well', async () => {
  const cutOff = { serializable: true, linearizable: false };
  const body = async (path: string): Promise<string> => {
    const { status, body: text } = await ask(answeringAll(new FakeService(), cutOff), path);
    return `${status} ${text}`;
  };
  assert.equal(await body('/livez'), '200 ok\n');
  assert.equal(await body('/livez?verbose'), '200 [+]serializable_read ok\nok\n');
  assert.equal(
    await body('/readyz'),
    '503 [+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: etcdserver: no leader\n[+]non_learner ok\n\n',
  );
  assert.equal(await body('/readyz?exclude=linearizable_read&exclude=unheard_of'), '200 ok\n');
  assert.equal(await body('/readyz/serializable_read'), '200 ok\n');
  assert.equal(
    await body('/readyz/linearizable_read'),
    '503 [-]linearizable_read failed: etcdserver: no leader\n\n',
  );
  // A check named by its path is not left out.
  assert.match(await body('/readyz/linearizable_read?exclude=linearizable_read'), /^503 /);
  assert.equal(await body('/livez/linearizable_read'), '404 404 page not found\n');
  const learner = answeringAll(new FakeService(), { serializable: true, linearizable: true });
  learner.isLearner = true;
  assert.equal(
    (await ask(learner, '/readyz/non_learner')).body,
    '[-]non_learner failed: not supported for learner\n\n',
  );
  assert.equal((await ask(learner, '/livez')).status, 200);
});

test('variables: what Go shows, without the command line', async () => {
  const { status, body } = await ask(new FakeService(), '/debug/vars');
  assert.equal(status, 200);
  const variables = JSON.parse(body) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(variables), ['memstats', 'raft.status']);
  assert.equal(variables['raft.status']!['raftState'], 'StateLeader');
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
  for (const path of ['/health', '/livez', '/readyz/non_learner', '/version', '/debug/vars', '/openapi.json'])
    assert.deepEqual(await ask(new FakeService(), path, { method: 'POST' }), {
      status: 405,
      type: TEXT,
      body: 'Method Not Allowed\n',
    });
});

test('without the gateway there is nothing under /v3/', async () => {
  for (const path of ['/v3/kv/range', '/v3', '/openapi.json']) {
    const answer = await ask(new FakeService(), path, { method: 'POST', jsonGateway: false });
    assert.equal(answer.body, '404 page not found\n', path);
  }
});

test('a path that is no path is not found, and does no harm', async () => {
  assert.equal((await ask(new FakeService(), '//')).status, 404);
  assert.equal((await ask(new FakeService(), 'http://[')).status, 404);
});
