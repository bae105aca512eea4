/**
 * `node packages/server/bench/backup/main.ts [GIBIBYTES]`: what a backup and a restoration cost whoever writes meanwhile. A cluster of three
 * real processes with a store of that size; closed-loop clients put small values all the time; calm seconds and backups take
 * turns, so that what else the machine does falls on both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../../interop/cluster/cluster.ts';
import { SYNOD } from '../../interop/synod-command.ts';
import { connectGrpc } from '../../src/grpc/client.ts';
import { ownBytes } from '../server-usage.ts';
import { put, type Taken, Writers } from './writers.ts';

const GIBIBYTE = 1024 ** 3;
const FILL_VALUE_BYTES = 64 * 1024;
const FILLERS = 16;
const CALM_MS = 10_000;
const ROUNDS = 2;
const SAMPLE_MS = 50;

const gibibytes = Number(process.argv[2] ?? 1);
const cluster = await Cluster.start({ extraFlags: [`--quota-backend-bytes=${8 * GIBIBYTE}`] });
const clients = cluster.members.map(({ options }) =>
  connectGrpc({ host: '127.0.0.1', port: options.clientPort }),
);
try {
  await measure();
} finally {
  for (const client of clients) client.destroy();
  await cluster.destroy();
}

async function measure(): Promise<void> {
  say(`filling the store with ${gibibytes} GiB`);
  await fill(Math.ceil((gibibytes * GIBIBYTE) / FILL_VALUE_BYTES));
  const writers = new Writers(clients);
  const file = join(cluster.directory, 'backup.db');
  const leader = await cluster.leader();
  const asked = cluster.members.find((member) => member !== leader)!;
  await sleep(CALM_MS);
  writers.take();
  for (let round = 1; round <= ROUNDS; round++) {
    await sleep(CALM_MS);
    report(`calm ${round}`, writers.take());
    const before = ownBytes(asked.processId);
    const saved = await run(['--endpoints', asked.endpoint, 'snapshot', 'save', file], asked.processId);
    report(`backup ${round}`, writers.take(), {
      ...saved,
      'size MiB': mebibytes(statSync(file).size),
      'member before MiB': mebibytes(before),
    });
    await sleep(CALM_MS);
    report(`calm ${round}`, writers.take());
    const directory = join(cluster.directory, 'restored');
    const restored = await run(['snapshot', 'restore', file, '--data-dir', directory], asked.processId);
    report(`restoration ${round}`, writers.take(), restored);
    rmSync(directory, { recursive: true });
  }
  await writers.stop();
}

async function fill(puts: number): Promise<void> {
  const value = Buffer.alloc(FILL_VALUE_BYTES, 'x');
  let next = 0;
  const filler = async (): Promise<void> => {
    while (next < puts) await put(clients[next % clients.length]!, `fill/${next++}`, value);
  };
  await Promise.all(Array.from({ length: FILLERS }, filler));
}

/** Runs `synod` to its end. @returns how long it took, and the most memory that it and the member had */
async function run(
  args: readonly string[],
  memberProcess: number,
): Promise<Readonly<Record<string, number>>> {
  const [command, ...leading] = SYNOD;
  const begunMs = performance.now();
  const child: ChildProcess = spawn(command!, [...leading, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let memberBytes = 0;
  let commandBytes = 0;
  const sampler = setInterval(() => {
    memberBytes = Math.max(memberBytes, ownBytes(memberProcess));
    if (child.exitCode === null) commandBytes = Math.max(commandBytes, ownBytes(child.pid!));
  }, SAMPLE_MS);
  const [code] = await once(child, 'exit');
  clearInterval(sampler);
  if (code !== 0) throw new Error(`synod ${args.join(' ')} ended with ${String(code)}`);
  return {
    seconds: Number(((performance.now() - begunMs) / 1000).toFixed(1)),
    'member at most MiB': mebibytes(memberBytes),
    'synod at most MiB': mebibytes(commandBytes),
  };
}

function report(
  what: string,
  { histogram, seconds }: Taken,
  more: Readonly<Record<string, number>> = {},
): void {
  const facts = {
    puts: Math.round(histogram.count / seconds),
    'p50 ms': (histogram.percentile(0.5) / 1000).toFixed(1),
    'p99 ms': (histogram.percentile(0.99) / 1000).toFixed(1),
    ...more,
  };
  say(
    `${what}: ${Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  );
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
