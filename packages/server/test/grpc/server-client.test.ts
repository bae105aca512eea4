/** Calls through real sockets, our client against our server: answers, refusals, deadlines, cancels, streams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connectGrpc, type GrpcClient } from '../../src/grpc/client.ts';
import { createGrpcServer, type GrpcMethod } from '../../src/grpc/server.ts';
import type { CancelReason, StreamCall, UnaryCall } from '../../src/grpc/server-call.ts';
import type { GrpcStatus } from '../../src/grpc/status.ts';

const MESSAGE_BYTES_MAX = 100_000;
const FLOOD_MESSAGES = 100;
const FLOOD_MESSAGE_BYTES = 100_000;
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe('gRPC over our own HTTP/2', () => {
  const neverAnswered: UnaryCall[] = [];
  const cancels: CancelReason[] = [];
  let openStream: StreamCall | undefined;
  let whenCancelled: (() => void) | undefined;
  const cancelled = (reason: CancelReason) => {
    cancels.push(reason);
    whenCancelled?.();
  };
  const methods = new Map<string, GrpcMethod>([
    ['/test.Echo/Say', { kind: 'unary', handler: (call) => call.respond(call.message) }],
    [
      '/test.Echo/SayInPlace',
      {
        kind: 'unary',
        handler: (call) =>
          call.respondWith(call.message.length + 10, (into, offset) => {
            into.set(call.message, offset);
            return offset + call.message.length;
          }),
      },
    ],
    ['/test.Echo/Fail', { kind: 'unary', handler: (call) => call.fail(11, 'etcd: über the top\n100%') }],
    [
      '/test.Echo/Never',
      {
        kind: 'unary',
        handler: (call) => {
          neverAnswered.push(call);
          call.onCancel = cancelled;
        },
      },
    ],
    [
      '/test.Echo/Metadata',
      { kind: 'unary', handler: (call) => call.respond(bytesOf(`${call.metadata('token')}`)) },
    ],
    [
      '/test.Echo/Chat',
      {
        kind: 'stream',
        open: (call) => {
          openStream = call;
          return {
            onMessage: (message) => call.send(message),
            onHalfClose: () => call.finish(),
            onCancel: cancelled,
            onDrain: () => undefined,
          };
        },
      },
    ],
  ]);
  const flooded = { sent: 0, drains: 0 };
  methods.set('/test.Echo/Flood', {
    kind: 'stream',
    open: (call) => {
      const pour = () => {
        let room = true;
        while (room && flooded.sent < FLOOD_MESSAGES) {
          flooded.sent++;
          room = call.send(new Uint8Array(FLOOD_MESSAGE_BYTES));
        }
        if (flooded.sent === FLOOD_MESSAGES) call.finish();
      };
      return {
        onMessage: () => undefined,
        onHalfClose: pour,
        onCancel: () => undefined,
        onDrain: () => {
          flooded.drains++;
          pour();
        },
      };
    },
  });
  const listener = createGrpcServer({ methods, grpcLimits: { messageBytesMax: MESSAGE_BYTES_MAX } });
  const server = createServer((socket) => listener.accept(socket));
  let client: GrpcClient;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = connectGrpc({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });
  after(() => {
    client.destroy();
    listener.destroy();
    server.close();
  });

  it('answers a unary call', async () => {
    const { status, message } = await client.call('/test.Echo/Say', bytesOf('hello'));
    assert.deepEqual(status, { code: 0, text: '' });
    assert.equal(textOf(message), 'hello');
  });

  it('answers from an encoder that writes in place, small and larger than a frame', async () => {
    for (const size of [0, 1, 16_000, 16_384, 90_000]) {
      const request = new Uint8Array(size).fill(size % 251);
      const { message } = await client.call('/test.Echo/SayInPlace', request);
      assert.deepEqual(message, Buffer.from(request));
    }
  });

  it('answers a thousand calls in flight at once, each with its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => client.call('/test.Echo/Say', bytesOf(`call ${i}`))),
    );
    answers.forEach(({ message }, i) => {
      assert.equal(textOf(message), `call ${i}`);
    });
  });

  it('sends far more than the windows take, of many calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        client.call('/test.Echo/Say', new Uint8Array(90_000).fill(i % 251)),
      ),
    );
    answers.forEach(({ message }, i) => {
      assert.equal(message?.length, 90_000);
      assert.equal(message[89_999], i % 251);
    });
  });

  it('a call that is cancelled as it opens makes room for the next, and none is opened twice', async () => {
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const other = connectGrpc(address);
    const ends: number[] = [];
    const calls = Array.from({ length: 5 }, () => {
      const stream = other.stream('/test.Echo/Chat', {
        onMessage: () => undefined,
        onEnd: ({ code }) => ends.push(code),
      });
      return stream;
    });
    calls[1]!.cancel();
    const { status } = await other.call('/test.Echo/Say', bytesOf('x'));
    assert.equal(status.code, 0);
    for (const stream of calls) stream.cancel();
    assert.deepEqual(ends, [1, 1, 1, 1, 1]);
    other.destroy();
  });

  it('carries a status with any text', async () => {
    const { status } = await client.call('/test.Echo/Fail', bytesOf(''));
    assert.deepEqual(status, { code: 11, text: 'etcd: über the top\n100%' });
  });

  it('hands metadata to the handler', async () => {
    const { message } = await client.call('/test.Echo/Metadata', bytesOf(''), {
      metadata: [['token', 'abc']],
    });
    assert.equal(textOf(message), 'abc');
  });

  it('says which service or method it does not know', async () => {
    const unknownService = await client.call('/test.Nobody/Say', bytesOf(''));
    assert.deepEqual(unknownService.status, { code: 12, text: 'unknown service test.Nobody' });
    const unknownMethod = await client.call('/test.Echo/Shout', bytesOf(''));
    assert.deepEqual(unknownMethod.status, {
      code: 12,
      text: 'unknown method Shout for service test.Echo',
    });
  });

  it('refuses a message longer than the limit, by its length alone', async () => {
    const { status } = await client.call('/test.Echo/Say', new Uint8Array(MESSAGE_BYTES_MAX + 1));
    assert.deepEqual(status, {
      code: 8,
      text: `grpc: received message larger than max (${MESSAGE_BYTES_MAX + 1} vs. ${MESSAGE_BYTES_MAX})`,
    });
  });

  it('ends a call at its deadline and tells the handler', async () => {
    cancels.length = 0;
    const { status } = await client.call('/test.Echo/Never', bytesOf(''), { timeoutMs: 20 });
    assert.deepEqual(status, { code: 4, text: 'context deadline exceeded' });
    if (cancels.length === 0) await new Promise<void>((resolve) => (whenCancelled = resolve));
    assert.equal(neverAnswered.pop()?.cancelled, true);
    assert.equal(cancels.length, 1);
  });

  it('echoes a stream in order and ends it with OK', async () => {
    const received: string[] = [];
    const status = await new Promise<GrpcStatus>((resolve) => {
      const stream = client.stream('/test.Echo/Chat', {
        onMessage: (message) => received.push(textOf(message)),
        onEnd: resolve,
      });
      for (let i = 0; i < 100; i++) stream.send(bytesOf(`message ${i}`));
      stream.halfClose();
    });
    assert.deepEqual(status, { code: 0, text: '' });
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, i) => `message ${i}`),
    );
  });

  it('tells the handler when the client cancels a stream', async () => {
    cancels.length = 0;
    const told = new Promise<void>((resolve) => (whenCancelled = resolve));
    const stream = client.stream('/test.Echo/Chat', {
      onMessage: () => stream.cancel(),
      onEnd: () => undefined,
    });
    stream.send(bytesOf('hello'));
    await told;
    assert.deepEqual(cancels, ['cancelledByClient']);
    assert.equal(openStream?.send(bytesOf('too late')), false);
  });

  it('moves more than every window in both directions', async () => {
    const size = 60_000;
    const count = 200;
    let received = 0;
    await new Promise<GrpcStatus>((resolve) => {
      const stream = client.stream('/test.Echo/Chat', {
        onMessage: (message) => (received += message.length),
        onEnd: resolve,
      });
      for (let i = 0; i < count; i++) stream.send(new Uint8Array(size));
      stream.halfClose();
    });
    assert.equal(received, size * count);
  });

  it('says that there is no room to a stream whose client does not read, and later that there is', async () => {
    const slow = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      settings: { initialWindowSize: 0 },
    });
    const stream = slow.request({
      ':method': 'POST',
      ':path': '/test.Echo/Flood',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end();
    await once(stream, 'response');
    assert.ok(flooded.sent * FLOOD_MESSAGE_BYTES < 2_000_000, 'the flood stopped');
    assert.equal(flooded.drains, 0);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    slow.settings({ initialWindowSize: 1_000_000 });
    await once(stream, 'end');
    assert.equal(bytes, FLOOD_MESSAGES * (FLOOD_MESSAGE_BYTES + 5));
    assert.ok(flooded.drains > 0);
    slow.destroy();
  });
});
