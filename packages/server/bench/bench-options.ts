/** The command line of the bench, checked; a wrong word gets a line that says what would be right. */
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { TargetName } from '../interop/cluster/target.ts';
import { OPERATIONS, type Operation } from './load-job.ts';

export interface BenchOptions {
  readonly targets: readonly TargetName[];
  readonly operations: readonly Operation[];
  readonly clientCounts: readonly number[];
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  readonly valueBytes: number;
  readonly directory: string;
  readonly json: boolean;
}

interface RawOptions {
  readonly target?: 'synod' | 'etcd' | 'both';
  readonly ops: readonly Operation[];
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly valueBytes: number;
  readonly directory: string;
  readonly json?: boolean;
}

export function readBenchOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measures three-member clusters on this machine under closed-loop clients: Synod, and the real etcd when it is ' +
        'on the path, in alternating rounds of one run. docs/benchmarks.md says how to read the table.',
    )
    .addOption(
      new Option('--target <name>', 'default: both if etcd is on the path').choices([
        'synod',
        'etcd',
        'both',
      ]),
    )
    .addOption(
      new Option('--ops <list>', 'what the clients ask for')
        .argParser(operations)
        .default(OPERATIONS, OPERATIONS.join(',')),
    )
    .addOption(
      new Option('--clients <list>', 'how many; each keeps one request in flight')
        .argParser(counts)
        .default([1, 100, 1000], '1,100,1000'),
    )
    .option('--seconds <n>', 'of each measurement', positive, 5)
    .option('--warm-up <n>', 'seconds before each measurement', positive, 1)
    .option('--rounds <n>', 'of every measurement on every target', count, 2)
    .option('--value-bytes <n>', 'size of a value', count, 256)
    .option('--directory <path>', 'whose disk the data goes to', tmpdir())
    .option('--json', 'the results as JSON on stdout');
  const raw = command.parse([...argv], { from: 'user' }).opts<RawOptions>();
  if ((raw.target === 'etcd' || raw.target === 'both') && !isOnPath('etcd'))
    command.error(
      'etcd is not on the path (Debian: apt-get install etcd-server); --target synod goes without it',
    );
  return {
    targets: targets(raw.target),
    operations: raw.ops,
    clientCounts: raw.clients,
    seconds: raw.seconds,
    warmUpSeconds: raw.warmUp,
    rounds: raw.rounds,
    valueBytes: raw.valueBytes,
    directory: raw.directory,
    json: raw.json === true,
  };
}

function targets(asked: RawOptions['target']): readonly TargetName[] {
  if (asked === 'synod' || asked === 'etcd') return [asked];
  if (isOnPath('etcd')) return ['synod', 'etcd'];
  process.stderr.write('etcd is not on the path: measuring Synod alone.\n');
  return ['synod'];
}

function operations(text: string): readonly Operation[] {
  return text.split(',').map((word) => {
    const operation = OPERATIONS.find((known) => known === word);
    if (operation === undefined) throw new InvalidArgumentError(`It must be of ${OPERATIONS.join(', ')}.`);
    return operation;
  });
}

function counts(text: string): readonly number[] {
  return text.split(',').map(count);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
