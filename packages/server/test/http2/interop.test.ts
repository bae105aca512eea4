/** Our two ends against Node's own, through real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import nodeHttp2 from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Http2Client } from '../../src/http2/client.ts';
import type { ConnectionEnd } from '../../src/http2/connection-end.ts';
import { encodeStateless } from '../../src/http2/hpack/encoder.ts';
import type { HeaderList } from '../../src/http2/hpack/header-field.ts';
import {
  createHttp2Listener,
  type Http2Listener,
  type Http2ListenerOptions,
} from '../../src/http2/listener.ts';
import type { Http2Stream, StreamHandler } from '../../src/http2/stream.ts';

const ANSWER = encodeStateless([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const TRAILERS = encodeStateless([['checksum', 'none']]);

/** Sends back what it gets, and ends with trailers. */
function echo(stream: Http2Stream): StreamHandler {
  stream.sendHeaders(ANSWER);
  return {
    onHeaders: () => undefined,
    onData: (bytes, start, end) => {
      stream.write(bytes.subarray(start, end));
    },
    onEnd: () => stream.end(TRAILERS),
    onReset: () => undefined,
    onWritable: () => undefined,
  };
}

interface OurServer {
  readonly listener: Http2Listener;
  readonly port: number;
  readonly ends: ConnectionEnd[];
}

async function serve(test: TestContext, options: Partial<Http2ListenerOptions> = {}): Promise<OurServer> {
  const ends: ConnectionEnd[] = [];
  const listener = createHttp2Listener({
    onStream: echo,
    observer: { connectionEnded: (end) => ends.push(end) },
    ...options,
  });
  const server = createServer((socket) => listener.accept(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    listener.destroy();
    server.close();
  });
  return { listener, port: (server.address() as AddressInfo).port, ends };
}

function post(
  session: nodeHttp2.ClientHttp2Session,
  body: Buffer,
): Promise<{ body: Buffer; trailers: unknown }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    const parts: Buffer[] = [];
    let trailers: unknown;
    stream.on('trailers', (headers) => {
      trailers = headers['checksum'];
    });
    stream.on('data', (chunk: Buffer) => parts.push(chunk));
    stream.on('end', () => resolve({ body: Buffer.concat(parts), trailers }));
    stream.on('error', reject);
    stream.end(body);
  });
}

describe("Node's client against our server", () => {
  it('moves many bodies of many sizes at once', async (test) => {
    const { port } = await serve(test);
    const session = nodeHttp2.connect(`http://127.0.0.1:${port}`);
    test.after(() => session.destroy());
    const bodies = [0, 1, 100, 16_384, 70_000, 500_000, 3_000_000].map((size) =>
      Buffer.alloc(size, size % 251),
    );
    const answers = await Promise.all(bodies.map((body) => post(session, body)));
    answers.forEach(({ body, trailers }, i) => {
      assert.equal(body.equals(bodies[i]!), true);
      assert.equal(trailers, 'none');
    });
  });

  it('RFC 7541 4.2 takes our blocks though it allows no table', async (test) => {
    const { port } = await serve(test);
    const session = nodeHttp2.connect(`http://127.0.0.1:${port}`, { settings: { headerTableSize: 0 } });
    test.after(() => session.destroy());
    for (let i = 0; i < 3; i++) assert.equal((await post(session, Buffer.from('x'))).body.toString(), 'x');
  });

  it('6.8 is told to go, finishes what it began, and the server ends', async (test) => {
    const held: Http2Stream[] = [];
    const { listener, port, ends } = await serve(test, {
      onStream: (stream) => {
        held.push(stream);
        return echo(stream);
      },
    });
    const session = nodeHttp2.connect(`http://127.0.0.1:${port}`);
    test.after(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.resume();
    await once(stream, 'response');
    const stopped = listener.shutDown();
    await once(session, 'goaway');
    stream.end('last words');
    await once(stream, 'close');
    await stopped;
    assert.deepEqual(ends, [{ kind: 'shutdown' }]);
    assert.equal(listener.counters.connectionsOpen, 0);
    assert.equal(listener.counters.streamsTotal, 1);
  });

  it('counts what goes over the wire', async (test) => {
    const { listener, port } = await serve(test);
    const { counters } = listener;
    const session = nodeHttp2.connect(`http://127.0.0.1:${port}`);
    await post(session, Buffer.alloc(100_000));
    assert.equal(counters.connectionsOpen, 1);
    assert.equal(counters.streamsTotal, 1);
    assert.ok(counters.bytesReceived > 100_000 && counters.bytesReceived < 101_000);
    assert.ok(counters.bytesSent > 100_000 && counters.bytesSent < 101_000);
    session.destroy();
  });
});

describe("our client against Node's server", () => {
  it('moves bodies, and waits its turn where the server allows few streams', async (test) => {
    const server = nodeHttp2.createServer({ settings: { maxConcurrentStreams: 3, initialWindowSize: 1000 } });
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ checksum: 'none' }));
      stream.pipe(stream);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new Http2Client(connect((server.address() as AddressInfo).port, '127.0.0.1'));
    test.after(() => {
      client.destroy();
      server.close();
    });
    const sizes = [0, 5, 999, 1001, 50_000, 200_000, 1, 2, 3];
    const received = await Promise.all(
      sizes.map(
        (size) =>
          new Promise<number>((resolve, reject) => {
            let bytes = 0;
            client.request({
              open: (connection) => {
                const block = connection.encoder.encode([
                  [':method', 'POST'],
                  [':scheme', 'http'],
                  [':path', '/'],
                  [':authority', 'localhost'],
                ]);
                const stream = connection.open(block, {
                  onHeaders: (headers: HeaderList) => assert.equal(headers.status, '200'),
                  onData: (_bytes, start, end) => {
                    bytes += end - start;
                  },
                  onEnd: (trailers) => {
                    assert.equal(trailers?.get('checksum'), 'none');
                    resolve(bytes);
                  },
                  onReset: (code) => reject(new Error(`reset ${code}`)),
                  onWritable: () => undefined,
                });
                stream.writeAndEnd(Buffer.alloc(size));
              },
              lost: (code) => reject(new Error(`lost ${code}`)),
            });
          }),
      ),
    );
    assert.deepEqual(received, sizes);
  });

  it('fails what waits when the server is not there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const ended = new Promise<ConnectionEnd>((resolve) => {
      new Http2Client(connect(port, '127.0.0.1'), { onEnd: resolve });
    });
    const end = await ended;
    assert.equal(end.kind === 'socketClosed' && (end.error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  });
});

describe('the first bytes decide', () => {
  it('hands HTTP/1 to Node, with all that came', async (test) => {
    const http1Server = http.createServer((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => response.end(`${request.method} ${request.url} ${bytes}`));
    });
    const { port } = await serve(test, { http1Server });
    test.after(() => http1Server.closeAllConnections());
    const base = `http://127.0.0.1:${port}`;
    assert.equal(await (await fetch(`${base}/health`)).text(), 'GET /health 0');
    const body = new Uint8Array(300_000);
    assert.equal(await (await fetch(`${base}/v3`, { method: 'POST', body })).text(), 'POST /v3 300000');
  });

  it('waits for bytes that do not yet decide', async (test) => {
    const http1Server = http.createServer((request, response) => response.end(`${request.method}`));
    const { port } = await serve(test, { http1Server });
    test.after(() => http1Server.closeAllConnections());
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    test.after(() => socket.destroy());
    socket.write('P');
    await once(socket, 'connect');
    await new Promise((resolve) => setImmediate(resolve));
    socket.write('UT / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 OK/);
  });

  for (const [title, bytes] of [
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])],
    ['words that are no method', Buffer.from('HELLO THERE\r\n')],
    ['zeros', Buffer.alloc(100)],
  ] as const) {
    it(`closes ${title}`, async (test) => {
      const { port, ends } = await serve(test);
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(bytes);
      await once(socket, 'close');
      assert.deepEqual(ends, []);
    });
  }

  it('limit prefaceTimeoutMs: closes who says nothing', async (test) => {
    let nowMs = 0;
    const { listener, port } = await serve(test, { clock: () => nowMs });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('P');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    nowMs = 20_000;
    // The server may see the socket later than the client.
    const timer = setInterval(() => {
      nowMs += 20_000;
      listener.tick();
    }, 5);
    await closed;
    clearInterval(timer);
  });
});
