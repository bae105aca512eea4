/**
 * Begins to listen at an address. A Unix socket leaves its file behind when its process is killed: one that nobody
 * listens at any more is replaced, one in use is an address that is taken, and any other file is left alone. Node
 * removes the file when the server is closed.
 */
import { linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { placeOf, SOCKET_PATH_BYTES_MAX, type SocketAddress } from './socket-address.ts';

/** Rejects when the address cannot be had; with code `EADDRINUSE` when somebody has it. */
export async function openPort(server: Server, address: SocketAddress): Promise<void> {
  if ('path' in address) await clearPath(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(placeOf(address), () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function clearPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX)
    throw new Error(`the path of a socket can have ${SOCKET_PATH_BYTES_MAX} bytes, and ${path} is longer`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is there already, and is no socket: choose another name`);
  if (await isListenedAt(path)) throw taken(path);
  removeStale(path, found);
}

function isListenedAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error may come of a socket that somebody uses: its queue is full, or it is not for us.
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

/** Two that find the same stale file may both come here: whoever moved the other's new one away puts it back. */
function removeStale(path: string, stale: Stats): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = lstatSync(aside);
  const isOther = moved.ino !== stale.ino || moved.mtimeMs !== stale.mtimeMs;
  if (isOther) linkSync(aside, path);
  rmSync(aside, { force: true });
  if (isOther) throw taken(path);
}

function taken(path: string): Error {
  return Object.assign(new Error(`somebody listens at ${path}`), { code: 'EADDRINUSE' });
}
