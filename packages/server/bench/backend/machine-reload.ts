/**
 * What the whole state machine costs on LMDB: a put through apply, a read of a current value, a restart with a million
 * keys, and the memory that their index takes.
 */
import { type Entry, encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  type CoordinationMachine,
  createMachine,
  encodeCommands,
  type Key,
  key,
  type MachineOutputs,
  NO_LEASE,
  type RangeQuery,
} from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';
import { seconds } from './measuring.ts';

const BATCH_ENTRIES = 200;
/** Entries between two commits, about what a busy member applies in a tenth of a second. */
const COMMIT_ENTRIES = 2000;
const KEY_BYTES = 100;
const VALUE_BYTES = 100;
const READS = 100_000;

const IGNORED: MachineOutputs = {
  result() {},
  events() {},
  compacted() {},
  authChanged() {},
  membersChanged() {},
  leaseChanged() {},
  restored() {},
};

const keyNumber = (number: number): Key => key(`/registry/pods/${number}/`.padEnd(KEY_BYTES, 'x'));

export async function measureMachineReload(directory: string, keys: number): Promise<void> {
  const figures: Record<string, string> = {};
  const backend = new LmdbBackend({ directory });
  const machine = createMachine({ backend, outputs: IGNORED, founders: [] });
  const usage = await applyPuts(machine, keys);
  figures['us of apply a put'] = ((usage.applyMs * 1000) / keys).toFixed(1);
  figures['CPU us a put, all threads, encoding included'] = (usage.cpuUs / keys).toFixed(1);
  await backend.close();
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  const reopenedBackend = new LmdbBackend({ directory });
  const reopened = createMachine({ backend: reopenedBackend, outputs: IGNORED, founders: [] });
  figures[`s to open ${reopened.keyCount} keys`] = seconds(startedMs);
  collectGarbage();
  figures['MB of heap for the index'] = ((process.memoryUsage().heapUsed - heapBefore) / 1e6).toFixed(0);
  figures['us a current value'] = measureReads(reopened, keys).toFixed(1);
  await reopenedBackend.close();
  process.stdout.write(`machine on lmdb: ${JSON.stringify(figures)}\n`);
}

async function applyPuts(
  machine: CoordinationMachine,
  keys: number,
): Promise<{ applyMs: number; cpuUs: number }> {
  const cpuBefore = process.cpuUsage();
  let applyMs = 0;
  for (let index = 1; index <= keys; ) {
    const entries: Entry[] = [];
    for (let i = 0; i < BATCH_ENTRIES && index <= keys; i++) entries.push(putEntry(index++));
    const startedMs = performance.now();
    while (machine.appliedIndex < index - 1)
      machine.apply(entries.filter((entry) => entry.index > machine.appliedIndex));
    applyMs += performance.now() - startedMs;
    if ((index - 1) % COMMIT_ENTRIES === 0 || index > keys) await persisted(machine);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { applyMs, cpuUs: user + system };
}

function putEntry(index: number): Entry {
  const body = encodeCommands([
    {
      module: 'keyspace',
      kind: 'put',
      key: keyNumber(index),
      value: new Uint8Array(VALUE_BYTES).fill(index),
      lease: NO_LEASE,
      previous: false,
      keepValue: false,
      keepLease: false,
    },
  ]);
  const envelope = {
    member: '00000000000000aa',
    incarnation: 1,
    sequence: index,
    oldestPending: index,
    body,
  };
  return { index: logIndex(index), epoch: epoch(1), kind: 'command', payload: encodeEnvelope(envelope) };
}

function persisted(machine: CoordinationMachine): Promise<void> {
  return new Promise((resolve, reject) =>
    machine.persist((error) => (error === undefined ? resolve() : reject(error))),
  );
}

function measureReads(machine: CoordinationMachine, keys: number): number {
  const bounds = { minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 };
  const startedMs = performance.now();
  for (let i = 0, number = 1; i < READS; i++, number = ((number + 7919) % keys) + 1) {
    const query: RangeQuery = {
      span: { from: keyNumber(number), to: undefined },
      revision: 0,
      limit: 0,
      sort: undefined,
      keysOnly: false,
      countOnly: false,
      ...bounds,
    };
    const result = machine.range(query);
    if (result.kind !== 'range' || result.count !== 1) throw new Error(`key ${number} is missing`);
  }
  return ((performance.now() - startedMs) * 1000) / READS;
}

/** Only there when the process was started with --expose-gc, as main.ts does. */
function collectGarbage(): void {
  globalThis.gc?.();
}
