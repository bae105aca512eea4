/** Sockets in files: one that is in use is refused, one that nobody listens at is replaced, anything else is left alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openPort } from '../../src/sockets/open-port.ts';
import { certificateHostOf } from '../../src/sockets/socket-address.ts';

function directoryOf(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-socket-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A server that says its name to whoever comes. */
async function opened(context: TestContext, path: string, name: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(name));
  context.after(() => server.close());
  await openPort(server, { path });
  return server;
}

async function whoListens(path: string): Promise<string> {
  const socket = connect({ path });
  const [name] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return name.toString();
}

/** The file of a socket whose process ended without removing it. */
async function leaveStale(context: TestContext, path: string): Promise<void> {
  const server = await opened(context, `${path}-open`, 'gone');
  linkSync(`${path}-open`, path);
  await new Promise((resolve) => server.close(resolve));
}

test('the file is there while somebody listens, and gone afterwards', async (t) => {
  const directory = directoryOf(t);
  const path = join(directory, 'localhost:2379');
  const server = await opened(t, path, 'first');
  assert.equal(await whoListens(path), 'first');
  server.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a socket that somebody listens at is an address that is taken', async (t) => {
  const path = join(directoryOf(t), 'x.sock');
  await opened(t, path, 'first');
  await assert.rejects(opened(t, path, 'second'), { code: 'EADDRINUSE' });
  assert.equal(await whoListens(path), 'first');
});

test('a socket that a killed process left behind is replaced', async (t) => {
  const directory = directoryOf(t);
  const path = join(directory, 'x.sock');
  await leaveStale(t, path);
  assert.ok(existsSync(path));
  await opened(t, path, 'second');
  assert.equal(await whoListens(path), 'second');
  assert.deepEqual(readdirSync(directory), ['x.sock']);
});

test('of two that find the same stale socket, one has it and the other is told so', async (t) => {
  const directory = directoryOf(t);
  const path = join(directory, 'x.sock');
  await leaveStale(t, path);
  const results = await Promise.allSettled(['a', 'b'].map((name) => opened(t, path, name)));
  const winner = results.findIndex(({ status }) => status === 'fulfilled');
  const loser = results[1 - winner]!;
  assert.equal(loser.status, 'rejected');
  assert.equal((loser as PromiseRejectedResult).reason.code, 'EADDRINUSE');
  assert.equal(await whoListens(path), ['a', 'b'][winner]);
  assert.deepEqual(readdirSync(directory), ['x.sock']);
});

test('any other file stays as it is', async (t) => {
  const path = join(directoryOf(t), 'x.sock');
  writeFileSync(path, 'precious');
  await assert.rejects(opened(t, path, 'first'), /is there already, and is no socket: choose another name/);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
});

test('a path that is too long for a socket, or in no directory, is told', async (t) => {
  const directory = directoryOf(t);
  await assert.rejects(
    opened(t, join(directory, 'x'.repeat(107)), 'first'),
    /can have 107 bytes, and .*x is/,
  );
  await assert.rejects(opened(t, join(directory, 'nowhere', 'x.sock'), 'first'), /nowhere\/x\.sock/);
});

test('whose certificate is expected there', () => {
  for (const [path, host] of [
    ['localhost:2379', 'localhost'],
    ['m1.example.org:2379', 'm1.example.org'],
    ['/run/10.0.0.1:2379', '10.0.0.1'],
    ['[::1]:2379', '::1'],
    ['/run/synod.sock', 'localhost'],
    ['/run:1/synod.sock', 'localhost'],
  ] as const)
    assert.equal(certificateHostOf(path), host, path);
});
