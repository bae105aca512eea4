/** More requests than a connection may make are answered so; the next second brings new ones, and others are not held to it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { connectGrpc } from '../../src/grpc/client.ts';
import { createGrpcServer } from '../../src/grpc/server.ts';
import { STATUS } from '../../src/grpc/status.ts';

test('a connection has its own budget, which time refills', { timeout: 10_000 }, async (t) => {
  let nowMs = 0;
  const listener = createGrpcServer({
    methods: new Map([['/test.Echo/Say', { kind: 'unary', handler: (call) => call.respond(call.message) }]]),
    limits: { requests: { burst: 3, perSecond: 3 } },
    tooManyRequests: { code: STATUS.resourceExhausted, text: 'slower' },
    clock: () => nowMs,
  });
  const server = createServer((socket) => listener.accept(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients = [1, 2].map(() => connectGrpc({ host: '127.0.0.1', port }));
  t.after(() => {
    for (const client of clients) client.destroy();
    listener.destroy();
    server.close();
  });
  const outcomes = async (client: (typeof clients)[number], count: number): Promise<string[]> => {
    const answers = await Promise.all(
      Array.from({ length: count }, () => client.call('/test.Echo/Say', Buffer.from('x'))),
    );
    return answers.map(({ status }) => (status.code === STATUS.ok ? 'ok' : `${status.code} ${status.text}`));
  };
  assert.deepEqual(await outcomes(clients[0]!, 5), ['ok', 'ok', 'ok', '8 slower', '8 slower']);
  assert.deepEqual(await outcomes(clients[1]!, 1), ['ok']);
  nowMs += 400;
  assert.deepEqual(await outcomes(clients[0]!, 2), ['ok', '8 slower']);
  nowMs += 60_000;
  assert.deepEqual(await outcomes(clients[0]!, 4), ['ok', 'ok', 'ok', '8 slower']);
});
