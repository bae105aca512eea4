/** Requests that are no calls: refused by their head, with the statuses of gRPC for Go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createGrpcServer, type GrpcMethod } from '../../src/grpc/server.ts';

describe('a request that is no call', () => {
  const ended: number[] = [];
  const methods = new Map<string, GrpcMethod>([
    ['/test.Echo/Say', { kind: 'unary', handler: (call) => call.respond(call.message) }],
  ]);
  const listener = createGrpcServer({
    methods,
    grpcObserver: { callStarted: () => undefined, callEnded: (_call, code) => ended.push(code) },
  });
  const server = createServer((socket) => listener.accept(socket));
  let session: http2.ClientHttp2Session;

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  after(() => {
    session.destroy();
    listener.destroy();
    server.close();
  });

  async function ask(
    headers: http2.OutgoingHttpHeaders,
    body: Buffer = Buffer.alloc(0),
  ): Promise<Record<string, unknown>> {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/test.Echo/Say',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    stream.resume();
    stream.end(body);
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    return {
      status: answer[':status'],
      code: answer['grpc-status'],
      text: answer['grpc-message'],
      encodings: answer['grpc-accept-encoding'],
    };
  }

  it('another method than POST', async () => {
    const answer = await ask({ ':method': 'PUT' });
    assert.equal(answer['status'], 405);
    assert.equal(answer['code'], '13');
  });

  it('another content type: 415', async () => {
    const answer = await ask({ 'content-type': 'application/json' });
    assert.equal(answer['status'], 415);
    assert.equal(answer['text'], 'invalid gRPC request content-type "application/json"');
    assert.equal((await ask({ 'content-type': 'application/grpcx' }))['status'], 415);
  });

  it('a subtype or parameters of the content type are none', async () => {
    for (const type of ['application/grpc+proto', 'application/grpc;charset=utf-8'])
      assert.equal((await ask({ 'content-type': type }, Buffer.alloc(5)))['status'], 200);
  });

  it('a timeout that is none', async () => {
    const answer = await ask({ 'grpc-timeout': '5 seconds' });
    assert.deepEqual([answer['status'], answer['code']], [400, '13']);
  });

  it('a path that is no method name', async () => {
    assert.equal((await ask({ ':path': '/nothing' }))['text'], 'malformed method name: "/nothing"');
    assert.equal((await ask({ ':path': '/a/b/c' }))['text'], 'unknown service a/b');
  });

  it('a compression that we do not know, with those that we do', async () => {
    const answer = await ask({ 'grpc-encoding': 'snappy' }, Buffer.from([1, 0, 0, 0, 1, 0]));
    assert.equal(answer['code'], '12');
    assert.equal(answer['encodings'], 'identity,gzip');
  });

  it('no message, two messages, half a message', async () => {
    assert.equal((await ask({}))['code'], '13');
    assert.equal((await ask({}, Buffer.alloc(10)))['code'], '13');
    const half = await ask({}, Buffer.from([0, 0, 0, 0, 9, 1]));
    assert.deepEqual([half['code'], half['text']], ['13', 'unexpected EOF']);
  });

  it('each call that reached a method ended once', () => {
    assert.deepEqual(
      ended.sort((a, b) => a - b),
      [0, 0, 12, 13, 13, 13],
    );
  });
});
