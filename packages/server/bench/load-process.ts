/**
 * The load process: one for each cluster, so that its work is on nobody's bill but its own. Takes LoadRequests over
 * Node's channel to its parent, one at a time, and answers each.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECTIONS_MAX, DRAIN_TIMEOUT_MS, PRELOAD_IN_FLIGHT } from './limits.ts';
import { Load, LoadConnection } from './load-clients.ts';
import type { LoadReply, LoadRequest, Measurement } from './load-job.ts';
import { encodeRequests, PATHS, type RequestMessages } from './request-messages.ts';
import { cpuSeconds, residentBytes } from './server-usage.ts';

interface Prepared {
  readonly connections: readonly LoadConnection[];
  readonly messages: RequestMessages;
  readonly serverProcessIds: readonly number[];
  readonly valueBytes: number;
}

type PrepareRequest = Extract<LoadRequest, { kind: 'prepare' }>;
type MeasureRequest = Extract<LoadRequest, { kind: 'measure' }>;

let prepared: Prepared | undefined;

process.on('message', (request: LoadRequest) => {
  answer(request).then(reply, (error: unknown) => {
    reply({
      kind: 'failed',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  });
});
// The parent is gone: there is nobody to load for.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides when to end.
process.on('SIGINT', () => {});

function reply(message: LoadReply): void {
  process.send?.(message);
}

async function answer(request: LoadRequest): Promise<LoadReply> {
  switch (request.kind) {
    case 'prepare':
      prepared = await prepare(request);
      return { kind: 'prepared' };
    case 'measure':
      if (prepared === undefined) throw new Error('measure came before prepare');
      return { kind: 'measured', measurement: await measure(prepared, request) };
    default:
      return unreachable(request);
  }
}

async function prepare(request: PrepareRequest): Promise<Prepared> {
  const connections = Array.from(
    { length: CONNECTIONS_MAX },
    (_, at) => new LoadConnection(request.endpoints[at % request.endpoints.length]!),
  );
  const messages = encodeRequests(request.valueBytes);
  let next = 0;
  const load = new Load({
    path: PATHS.put,
    clients: PRELOAD_IN_FLIGHT,
    connections,
    answerBytesMin: 0,
    nextMessage: () => messages.put[next++],
  });
  await load.run();
  if (load.errors > 0) throw new Error(`the keys could not be written: ${load.errorTexts.join('; ')}`);
  const { serverProcessIds, valueBytes } = request;
  return { connections, messages, serverProcessIds, valueBytes };
}

async function measure(prepared: Prepared, request: MeasureRequest): Promise<Measurement> {
  const messages = prepared.messages[request.operation];
  const load = new Load({
    path: PATHS[request.operation],
    clients: request.clients,
    connections: prepared.connections,
    answerBytesMin: request.operation === 'put' ? 0 : prepared.valueBytes,
    nextMessage: () => messages[Math.floor(Math.random() * messages.length)],
  });
  const ended = load.run();
  await sleep(request.warmUpMs);

  const serverCpuBefore = cpuSeconds(prepared.serverProcessIds);
  const loadCpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  load.beginCounting();
  await sleep(request.durationMs);
  load.endCounting();
  const seconds = (performance.now() - startedAtMs) / 1000;
  const loadCpu = process.cpuUsage(loadCpuBefore);
  const serverCpuSeconds = cpuSeconds(prepared.serverProcessIds) - serverCpuBefore;

  const late = sleep(DRAIN_TIMEOUT_MS, 'late' as const, { ref: false });
  if ((await Promise.race([ended, late])) === 'late')
    throw new Error(`requests stayed without an answer for ${DRAIN_TIMEOUT_MS / 1000} s`);
  return {
    operation: request.operation,
    clients: request.clients,
    seconds,
    completed: load.latencies.count,
    errors: load.errors,
    errorTexts: load.errorTexts,
    latencyPairs: load.latencies.toPairs(),
    serverCpuSeconds,
    serverResidentBytes: residentBytes(prepared.serverProcessIds),
    loadCpuSeconds: (loadCpu.user + loadCpu.system) / 1_000_000,
  };
}

function unreachable(request: never): never {
  throw new Error(`no such request: ${JSON.stringify(request)}`);
}
