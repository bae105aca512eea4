/** Who may ask over HTTP/1.1, through node's own server and client. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { etcdHttp1Handler } from '../../../src/protocols/etcd/http1.ts';
import type { WebAccess } from '../../../src/protocols/etcd/web-access.ts';
import { FakeService } from './fake-service.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  webAccess: WebAccess | undefined,
  headers: Record<string, string>,
  method = 'GET',
): Promise<Answer> {
  const handler = etcdHttp1Handler(new FakeService(), {
    serverVersion: '3.7.0',
    clusterVersion: '3.7.0',
    requestBytesMax: 1_572_864,
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    jsonGateway: true,
    methods: new Map(),
    ...(webAccess === undefined ? {} : { webAccess }),
  });
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/version', method, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      })
        .on('error', reject)
        .end();
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const ORIGIN = 'https://console.example';
const SOME_ORIGINS: WebAccess = { origins: [ORIGIN], hosts: 'any' };
const SOME_HOSTS: WebAccess = { origins: 'any', hosts: ['a.example', '::1'] };

test('without a list pages of any origin may ask, under any host', async () => {
  const { status, headers } = await ask(undefined, { origin: ORIGIN, host: 'anything:1' });
  assert.equal(status, 200);
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.equal(headers['vary'], undefined);
});

test('of listed origins each is told that it may, others are told nothing', async () => {
  const known = await ask(SOME_ORIGINS, { origin: ORIGIN });
  assert.equal(known.headers['access-control-allow-origin'], ORIGIN);
  assert.equal(known.headers['access-control-allow-methods'], 'POST, GET, OPTIONS, PUT, DELETE');
  for (const headers of [{ origin: 'https://evil.example' }, { origin: `${ORIGIN}:1` }, {}]) {
    const other = await ask(SOME_ORIGINS, headers as Record<string, string>);
    // The answer goes out; it is the browser that keeps it from the page.
    assert.equal(other.status, 200);
    assert.equal(other.headers['access-control-allow-origin'], undefined);
    assert.equal(other.headers['access-control-allow-headers'], undefined);
    assert.equal(other.headers['vary'], 'Origin');
  }
});

test('a browser that asks first is answered by the same rule', async () => {
  const known = await ask(SOME_ORIGINS, { origin: ORIGIN }, 'OPTIONS');
  assert.deepEqual([known.status, known.headers['access-control-allow-origin']], [200, ORIGIN]);
  const other = await ask(SOME_ORIGINS, { origin: 'null' }, 'OPTIONS');
  assert.deepEqual([other.status, other.headers['access-control-allow-origin']], [200, undefined]);
});

test('a host that is not listed gets nothing but 421, whatever it asks', async () => {
  for (const method of ['GET', 'OPTIONS', 'POST'])
    for (const host of ['evil.example', 'evil.example:2379', 'a.example.evil', '[::2]:1', '::2', '']) {
      const { status, headers, body } = await ask(SOME_HOSTS, { host }, method);
      assert.equal(status, 421, `${method} ${host}`);
      assert.equal(headers['access-control-allow-origin'], undefined);
      assert.match(body, /--host-whitelist/);
    }
});

test('a listed host is served with any port', async () => {
  for (const host of ['a.example', 'a.example:2379', '[::1]', '[::1]:2379'])
    assert.equal((await ask(SOME_HOSTS, { host })).status, 200, host);
});
