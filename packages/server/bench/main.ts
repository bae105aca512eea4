/**
 * `npm run bench`: three-member clusters of real processes under closed-loop clients. Targets take turns within each
 * round, so that whatever else this machine does falls on all of them; only one is loaded at a time.
 */
import { cpus } from 'node:os';
import { type BenchOptions, readBenchOptions } from './bench-options.ts';
import { MeasuredCluster } from './measured-cluster.ts';
import { ProgressLine } from './progress-line.ts';
import { type Round, summarise } from './results.ts';
import { formatTable } from './results-table.ts';

/** What starting a cluster takes, for the progress line's guess. */
const START_SECONDS = 4;
const INTERRUPTED_EXIT_CODE = 130;

const options = readBenchOptions(process.argv.slice(2));
const clusters: MeasuredCluster[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    process.stderr.write('\nStopped; cleaning up …\n');
    void endAll().finally(() => process.exit(INTERRUPTED_EXIT_CODE));
  });

try {
  const rounds = await run(options);
  const lines = summarise(rounds);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ machine: machine(), options, lines }, null, 2)}\n`);
  else process.stdout.write(`${machine()}, values of ${options.valueBytes} bytes\n\n${formatTable(lines)}`);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await endAll();
}

async function run(options: BenchOptions): Promise<Round[]> {
  const { targets, operations, clientCounts } = options;
  const measurements = targets.length * operations.length * clientCounts.length * options.rounds;
  const progress = new ProgressLine(
    targets.length * START_SECONDS + measurements * (options.seconds + options.warmUpSeconds),
  );
  try {
    for (const name of targets) {
      progress.say(`starting ${name}`);
      clusters.push(await MeasuredCluster.start(name, options));
    }
    const rounds: Round[] = [];
    for (const operation of operations) {
      for (const clients of clientCounts) {
        for (let round = 1; round <= options.rounds; round++) {
          for (const cluster of clusters) {
            progress.say(
              `${operation}, ${clients} clients, round ${round} of ${options.rounds}, ${cluster.name}`,
            );
            const measurement = await cluster.measure({
              operation,
              clients,
              warmUpMs: options.warmUpSeconds * 1000,
              durationMs: options.seconds * 1000,
            });
            rounds.push({ target: cluster.name, measurement });
          }
        }
      }
    }
    return rounds;
  } finally {
    progress.end();
  }
}

async function endAll(): Promise<void> {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.end()));
}

function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`;
}
