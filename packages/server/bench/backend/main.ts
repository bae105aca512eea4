/**
 * Measures the stores that could stand behind the Backend port with the keyspace's own pattern: one table appended to by
 * revision, synced batches, reads of single rows, everything read once at a start.
 *
 *     node packages/server/bench/backend/main.ts [--rows 1000000] [STORE | machine | large]
 *
 * Every store is measured in a process of its own, so that threads and memory are its own too.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HEAP_LIMIT_MB, measureLargeState } from './large-state.ts';
import { measureMachineReload } from './machine-reload.ts';
import { type MeasuredStore, STORES, type StoredRow } from './measured-stores.ts';
import { revisionRowKey, seconds } from './measuring.ts';

const APPENDED_ROWS = 40_000;
const VALUE_BYTES = 256;
const READS = 40_000;
/** Of the reload: key and value of a record. */
const RELOADED_VALUE_BYTES = 200;
const FILL_BATCH_ROWS = 10_000;

const { values, positionals } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' } },
  allowPositionals: true,
});
const reloadedRows = Number(values.rows);
const [chosen] = positionals;

if (chosen === undefined) measureAll();
else await measureOne(chosen);

function measureAll(): void {
  for (const name of [...Object.keys(STORES), 'machine', 'large'])
    execFileSync(
      process.execPath,
      [
        '--expose-gc',
        ...(name === 'large' ? [`--max-old-space-size=${HEAP_LIMIT_MB}`] : []),
        import.meta.filename,
        ...['--rows', values.rows, name],
      ],
      { stdio: 'inherit' },
    );
}

async function measureOne(name: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'synod-bench-backend-'));
  try {
    if (name === 'machine') await measureMachineReload(directory, reloadedRows);
    else if (name === 'large') await measureLargeState(directory);
    else await measureStore(name, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measureStore(name: string, directory: string): Promise<void> {
  const open = STORES[name];
  if (open === undefined)
    throw new Error(`no store is called ${name}; there are ${Object.keys(STORES).join(', ')}`);
  const store = await open(join(directory, 'appended'));
  const figures: Record<string, string> = {};
  let next = 1;
  for (const batchRows of [200, 2000]) {
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    next = await append(store, next, APPENDED_ROWS, { batchRows, valueBytes: VALUE_BYTES });
    const { user, system } = process.cpuUsage(cpuBefore);
    figures[`CPU us a put, batches of ${batchRows}`] = ((user + system) / APPENDED_ROWS).toFixed(1);
    figures[`us a put, batches of ${batchRows}`] = (
      ((performance.now() - startedMs) * 1000) /
      APPENDED_ROWS
    ).toFixed(1);
  }
  figures['us a read'] = measureReads(store, next).toFixed(1);
  await store.close();
  const filled = await open(join(directory, 'filled'));
  await append(filled, 1, reloadedRows, { batchRows: FILL_BATCH_ROWS, valueBytes: RELOADED_VALUE_BYTES });
  await filled.close();
  const reopened = await open(join(directory, 'filled'));
  const startedMs = performance.now();
  let bytes = 0;
  await reopened.readAll((row) => {
    bytes += row.value.length;
  });
  figures[`s to read ${reloadedRows} rows`] = seconds(startedMs);
  figures['MB resident'] = (process.memoryUsage().rss / 1e6).toFixed(0);
  await reopened.close();
  if (bytes !== reloadedRows * RELOADED_VALUE_BYTES) throw new Error(`${name} gave back ${bytes} bytes`);
  process.stdout.write(`${name}: ${JSON.stringify(figures)}\n`);
}

interface AppendShape {
  readonly batchRows: number;
  readonly valueBytes: number;
}

/** @returns the revision after the last */
async function append(
  store: MeasuredStore,
  first: number,
  rows: number,
  shape: AppendShape,
): Promise<number> {
  let revision = first;
  while (revision < first + rows) {
    const batch: StoredRow[] = [];
    for (let i = 0; i < shape.batchRows && revision < first + rows; i++)
      batch.push({ key: revisionRowKey(revision++), value: new Uint8Array(shape.valueBytes).fill(revision) });
    await store.writeBatch(batch);
  }
  return revision;
}

function measureReads(store: MeasuredStore, next: number): number {
  const startedMs = performance.now();
  // A step that is prime to the number of rows visits them in an order that no store expects.
  for (let i = 0, revision = 1; i < READS; i++, revision = ((revision + 7919) % (next - 1)) + 1)
    if (store.read(revisionRowKey(revision)) === undefined) throw new Error(`row ${revision} is missing`);
  return ((performance.now() - startedMs) * 1000) / READS;
}
