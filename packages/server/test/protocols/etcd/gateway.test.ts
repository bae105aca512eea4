/** The JSON gateway over node's own server and client, on a real state machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { revision } from '@synod/coordination';
import { REQUEST_BYTES_MAX } from '../../../src/grpc/limits.ts';
import type { StatusCode } from '../../../src/grpc/status.ts';
import { type EtcdProtocol, etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { etcdHttp1Handler } from '../../../src/protocols/etcd/http1.ts';
import { CALLS } from '../../../src/protocols/etcd/schema/calls.ts';
import { NO_ACCOUNTS, OPTIONS } from './fake-calls.ts';
import { type Asked, type HttpAnswer, ServedHandler } from './http-client.ts';
import { LocalService } from './local-service.ts';

let service: LocalService;
let protocol: EtcdProtocol;
let served: ServedHandler;
/** What the metrics were told. */
let ended: { readonly path: string; readonly code: StatusCode }[];

beforeEach(async () => {
  service = new LocalService();
  protocol = etcdProtocol(service, OPTIONS, NO_ACCOUNTS);
  ended = [];
  served = await ServedHandler.start(
    etcdHttp1Handler(service, {
      serverVersion: '3.7.0',
      clusterVersion: '3.7.0',
      requestBytesMax: REQUEST_BYTES_MAX,
      metrics: { contentType: 'text/plain', metrics: async () => '' },
      jsonGateway: true,
      methods: protocol.methods,
      observer: {
        callStarted: () => undefined,
        callEnded: ({ path }, code) => ended.push({ path, code }),
      },
    }),
  );
});
afterEach(async () => {
  await served.stop();
  protocol.stop();
});

// Some of the calls hash a password.
after(() => NO_ACCOUNTS.passwords.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const post = (path: string, body: unknown, asked: Asked = {}): Promise<HttpAnswer> =>
  served.ask(path, { ...asked, body: typeof body === 'string' ? body : JSON.stringify(body) });
const IDS = `"cluster_id":"${0x2c0910e274d895dfn}","member_id":"${0x22197522e0270d61n}"`;
const header = (revision: number): string => `"header":{${IDS},"revision":"${revision}","raft_term":"2"}`;
const error = (code: number, message: string): string => JSON.stringify({ error: message, code, message });

describe('calls with one answer', () => {
  test('put, range, delete and a transaction, as etcd’s gateway writes them', async () => {
    const put = await post('/v3/kv/put', { key: base64('a'), value: base64('1') });
    assert.equal(put.status, 200);
    assert.equal(put.headers['content-type'], 'application/json');
    assert.equal(put.headers['grpc-metadata-content-type'], 'application/grpc');
    assert.equal(put.headers['access-control-allow-origin'], '*');
    assert.equal(put.body, `{${header(2)}}`);
    const kv = '{"key":"YQ==","create_revision":"2","mod_revision":"2","version":"1","value":"MQ=="}';
    const range = await post('/v3/kv/range', { key: base64('a') });
    assert.equal(range.body, `{${header(2)},"kvs":[${kv}],"count":"1"}`);
    const txn = await post('/v3/kv/txn', {
      compare: [{ target: 'VALUE', key: base64('a'), value: base64('1') }],
      success: [{ requestDeleteRange: { key: base64('a'), prev_kv: true } }],
    });
    assert.equal(
      txn.body,
      `{${header(3)},"succeeded":true,"responses":[{"response_delete_range":{"header":{"revision":"3"},"deleted":"1","prev_kvs":[${kv}]}}]}`,
    );
    assert.deepEqual(
      ended.map(({ path, code }) => `${path} ${code}`),
      ['/etcdserverpb.KV/Put 0', '/etcdserverpb.KV/Range 0', '/etcdserverpb.KV/Txn 0'],
    );
  });

  test('a status shows that no downgrade runs', async () => {
    assert.match((await post('/v3/maintenance/status', {})).body, /,"downgradeInfo":\{\}\}$/);
  });

  test('no body, null, and what stands behind the first value', async () => {
    const noKey = error(3, 'etcdserver: key is not provided');
    for (const body of ['', ' ', 'null', '{}', '{} garbage'])
      assert.equal((await post('/v3/kv/range', body)).body, noKey, body);
    assert.equal((await post('/v3/kv/range', '{"key":"YQ=="}{"key":')).status, 200);
  });

  test('errors have the HTTP status of their code, and the text of gRPC', async () => {
    const answers: readonly (readonly [
      path: string,
      body: unknown,
      status: number,
      code: number,
      text: string,
    ])[] = [
      ['/v3/lease/revoke', { ID: 77 }, 404, 5, 'etcdserver: requested lease not found'],
      [
        '/v3/kv/range',
        { key: 'YQ==', revision: 99 },
        400,
        11,
        'etcdserver: mvcc: required revision is a future revision',
      ],
      ['/v3/lock/unlock', {}, 500, 2, 'etcdserver: key is not provided'],
      ['/v3/kv/range', '{"key":', 400, 3, 'unexpected EOF'],
      ['/v3/auth/enable', {}, 400, 9, 'etcdserver: root user does not exist'],
      ['/v3/cluster/member/add', {}, 400, 3, 'etcdserver: given member URLs are invalid'],
      ['/v3/kv/nope', {}, 404, 5, 'Not Found'],
      ['/v3/kv/range/', {}, 404, 5, 'Not Found'],
      ['/v3/', {}, 404, 5, 'Not Found'],
    ];
    for (const [path, body, status, code, text] of answers) {
      const answer = await post(path, body);
      assert.equal(answer.status, status, path);
      assert.equal(answer.body, error(code, text));
    }
  });

  test('only POST; OPTIONS for pages of other origins; the older prefix of 3.3', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await served.ask('/v3/kv/range', { method });
      assert.equal(`${answer.status} ${answer.body}`, `501 ${error(12, 'Method Not Allowed')}`);
    }
    assert.equal((await served.ask('/v3/kv/range', { method: 'OPTIONS' })).status, 200);
    assert.equal((await post('/v3beta/kv/range', { key: 'YQ==' })).status, 200);
    assert.equal((await post('/v3', {})).headers.location, '/v3/');
  });

  test('messages and bodies past their limits are refused, and the next request is served', async () => {
    const value = (length: number): string => Buffer.alloc(length).toString('base64');
    const tooLarge = await post('/v3/kv/put', { key: 'YQ==', value: value(1_600_000) });
    assert.equal(tooLarge.body, error(3, 'etcdserver: request is too large'));
    const message = await post('/v3/kv/put', { key: 'YQ==', value: value(2_100_000) });
    assert.equal(
      `${message.status} ${message.body}`,
      `429 ${error(8, 'grpc: received message larger than max (2100008 vs. 2097152)')}`,
    );
    const body = await post('/v3/kv/put', { key: 'YQ==', value: value(3_000_000) }).catch(
      (problem: NodeJS.ErrnoException) => problem.code,
    );
    // The connection is closed in the middle of what the client still writes: it may see that before the answer.
    if (typeof body === 'object') assert.equal(body.status, 429);
    else assert.match(body!, /ECONNRESET|EPIPE/);
    assert.equal((await post('/v3/kv/range', { key: 'YQ==' })).status, 200);
  });

  test('a deadline ends a call that waits, and takes its key along', async () => {
    for (const ID of [1, 2]) await post('/v3/lease/grant', { TTL: 100, ID });
    await post('/v3/lock/lock', { name: base64('l'), lease: 1 });
    const late = await post(
      '/v3/lock/lock',
      { name: base64('l'), lease: 2 },
      { headers: { 'grpc-timeout': '50m' } },
    );
    assert.equal(`${late.status} ${late.body}`, `504 ${error(4, 'context deadline exceeded')}`);
    assert.deepEqual(service.keys(), ['l/1']);
    const wrong = await post('/v3/kv/range', {}, { headers: { 'grpc-timeout': 'xx' } });
    assert.equal(`${wrong.status} ${wrong.body}`, `400 ${error(3, 'invalid grpc-timeout: xx')}`);
  });

  test('metadata comes by its prefix', async () => {
    service.hasLeader = false;
    const refused = await post(
      '/v3/kv/range',
      { key: 'YQ==' },
      { headers: { 'Grpc-Metadata-hasleader': 'true' } },
    );
    assert.equal(`${refused.status} ${refused.body}`, `503 ${error(14, 'etcdserver: no leader')}`);
    assert.equal((await post('/v3/kv/range', { key: 'YQ==' })).status, 200);
  });
});

describe('streams', () => {
  test('a watch lives on after the body’s end, tells what happens, and goes with its client', async () => {
    const response = await served.open('/v3/watch', {
      body: '{"create_request":{"key":"YQ=="}} {"create_request":{"key":"Yg==","filters":["NOPUT"]}}',
    });
    const lines = linesOf(response);
    assert.equal(await next(lines), `{"result":{${header(1)},"created":true}}`);
    assert.equal(await next(lines), `{"result":{${header(1)},"watch_id":"1","created":true}}`);
    await post('/v3/kv/put', { key: 'Yg==' });
    await post('/v3/kv/put', { key: 'YQ==', value: 'MQ==' });
    assert.equal(
      await next(lines),
      `{"result":{${header(3)},"events":[{"kv":{"key":"YQ==","create_revision":"3","mod_revision":"3","version":"1","value":"MQ=="}}]}}`,
    );
    response.destroy();
    while (service.hub.streamCount > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ended.at(-1), { path: '/etcdserverpb.Watch/Watch', code: 1 });
  });

  test('keep-alives are answered line by line, and the stream ends with the body', async () => {
    const asked = post('/v3/lease/keepalive', '{"ID":7}{"ID":"-5"}');
    while (service.keepAlives.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      service.keepAlives.map(({ question }) => question),
      ['0000000000000007', 'fffffffffffffffb'],
    );
    for (const { question, completion } of service.keepAlives)
      completion.complete({ kind: 'leaseRenewed', id: question, ttlSeconds: 9 });
    const answer = await asked;
    assert.equal(
      answer.body,
      `{"result":{${header(1)},"ID":"7","TTL":"9"}}\n{"result":{${header(1)},"ID":"-5","TTL":"9"}}\n`,
    );
    const nothing = await post('/v3/lease/keepalive', '');
    assert.equal(`${nothing.status} ${nothing.body}`, '200 ');
  });

  test('what fails before the first answer has a status of HTTP, later it is the last line', async () => {
    const first = await post('/v3/watch', '{"create_request":');
    assert.equal(first.status, 400);
    assert.equal(
      first.body,
      '{"error":{"code":3,"message":"unexpected EOF","grpc_code":3,"http_code":400,"http_status":"InvalidArgument"}}\n',
    );
    const later = await post('/v3/watch', '{"create_request":{"key":"YQ=="}} {"create_request":7}');
    assert.equal(later.status, 200);
    assert.match(
      later.body,
      /"created":true\}\}\n\{"error":\{"code":3,"message":"etcdserverpb\.WatchCreateRequest is to be an object, and not 7"/,
    );
  });

  test('C18 a client that does not read is not told more until it does', async () => {
    const response = await served.open('/v3/watch', { body: '{"create_request":{"key":"YQ=="}}' });
    response.pause();
    const value = Buffer.alloc(200_000).toString('base64');
    let behind = 0;
    for (let at = 0; at < 100 && behind === 0; at++) {
      await post('/v3/kv/put', { key: 'YQ==', value });
      behind = service.hub.watcherCounts.behind;
    }
    assert.equal(behind, 1);
    response.destroy();
    await once(response, 'close');
  });
});

test('every path of etcd’s gateway answers in JSON, whatever is asked', async () => {
  // These wait for the service, which says nothing here.
  service.members = (_, completion) => completion.complete({ kind: 'memberList', members: [] });
  service.alarms = (completion) => completion.complete({ kind: 'alarmList', alarms: [] });
  service.defragment = (completion) =>
    completion.complete({ kind: 'defragmented', bytesBefore: 1, bytesAfter: 1 });
  service.moveLeader = (_, completion) => completion.complete({ kind: 'leaderMoved' });
  service.hashState = (completion) =>
    completion.complete({ kind: 'stateHashed', sum: 1, revision: revision(2) });
  service.hashKeyspace = (_, completion) =>
    completion.complete({
      kind: 'keyspaceHashed',
      sum: 1,
      compactedTo: -1,
      hashRevision: revision(2),
      revision: revision(2),
    });
  for (const { gatewayPaths, kind } of CALLS)
    for (const path of gatewayPaths)
      for (const body of ['{}', '[]', '{"ID":{}}', '\u0000', '"', '{"a":'])
        if (kind === 'unary' && !(path === '/v3/lock/lock' && body === '{}')) {
          const answer = await post(path, body);
          assert.ok([200, 400, 404, 500, 501].includes(answer.status), `${path} ${body}: ${answer.status}`);
          assert.equal(answer.headers['content-type'], 'application/json');
          JSON.parse(answer.body);
        }
});

async function* linesOf(response: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response) {
    rest += chunk.toString('utf8');
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
  }
}

async function next(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  assert.ok(done !== true, 'the stream ended');
  return value;
}
