/** The clients' ports let go of what speaks HTTP/1.1, waiting or idle, when the member ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type ClientListener, listenForClients } from '../../src/member/client-listener.ts';

const LIMIT = { timeout: 10_000 };

/** Answers `/now`, and says nothing to anything else. */
function listen(): Promise<ClientListener> {
  return listenForClients({
    config: {
      listenClientUrls: ['http://127.0.0.1:0'],
      listenClientHttpUrls: [],
      requestBytesMax: 1_572_864,
      concurrentStreamsMax: 100,
      requestsPerSecondMax: Number.POSITIVE_INFINITY,
      keepalive: { minTimeMs: 5_000, intervalMs: 7_200_000, timeoutMs: 20_000 },
    },
    methods: new Map(),
    http1: (request, response) => {
      if (request.url === '/now') response.end('now');
    },
    observer: { callStarted: () => undefined, callEnded: () => undefined },
    onTrouble: (error) => assert.fail(error),
    onRefused: (_, reason) => assert.fail(reason),
  });
}

async function opened(listener: ClientListener, path: string): Promise<Socket> {
  const socket = connect(listener.ports[0]!, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: member\r\n\r\n`);
  return socket;
}

test(
  'M2 a connection whose request waits and one that is idle are closed with the listener',
  LIMIT,
  async () => {
    const listener = await listen();
    const waiting = await opened(listener, '/never');
    const idle = await opened(listener, '/now');
    await once(idle, 'data');
    const closed = [waiting, idle].map((socket) => once(socket.resume(), 'close'));
    listener.destroy();
    await Promise.all(closed);
  },
);
