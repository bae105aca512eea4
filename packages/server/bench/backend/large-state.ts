/** A state many times larger than the heap that the process is allowed: written, opened anew, and walked through. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';
import { revisionRowKey, seconds } from './measuring.ts';

const ROWS = 16_384;
const VALUE_BYTES = 64 * 1024;
const COMMIT_ROWS = 256;

/** What the process itself may have, so that the state cannot hide in it. */
export const HEAP_LIMIT_MB = 128;

export async function measureLargeState(directory: string): Promise<void> {
  const figures: Record<string, string> = {};
  const written = new LmdbBackend({ directory });
  for (let row = 1; row <= ROWS; row++) {
    written.put(TABLE.revisions, revisionRowKey(row), new Uint8Array(VALUE_BYTES).fill(row));
    if (row % COMMIT_ROWS === 0) await committed(written);
  }
  figures['MB of state'] = ((ROWS * VALUE_BYTES) / 1e6).toFixed(0);
  figures['MB of heap allowed'] = (getHeapStatistics().heap_size_limit / 1e6).toFixed(0);
  figures['MB of own memory after writing'] = ownMegabytes();
  await written.close();
  const startedMs = performance.now();
  const opened = new LmdbBackend({ directory });
  let bytes = 0;
  for (const row of opened.scan(TABLE.revisions, { borrowed: true })) bytes += row.value.length;
  figures['s to open and walk through it all'] = seconds(startedMs);
  figures['MB of own memory after the walk'] = ownMegabytes();
  await opened.close();
  if (bytes !== ROWS * VALUE_BYTES) throw new Error(`${bytes} bytes came back`);
  process.stdout.write(`large state on lmdb: ${JSON.stringify(figures)}\n`);
}

function committed(backend: LmdbBackend): Promise<void> {
  return new Promise((resolve, reject) =>
    backend.commit((error) => (error === undefined ? resolve() : reject(error))),
  );
}

/** Without the mapped pages of the file, which the operating system takes back when it needs them. Linux only. */
function ownMegabytes(): string {
  const kilobytes = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kilobytes === undefined ? 'unknown' : (Number(kilobytes) / 1000).toFixed(0);
}
