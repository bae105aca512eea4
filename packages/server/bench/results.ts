/** Measurements of several rounds put together, one line an operation, number of clients and target. */
import type { TargetName } from '../interop/cluster/target.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { Measurement, Operation } from './load-job.ts';

export interface Round {
  readonly target: TargetName;
  readonly measurement: Measurement;
}

export interface Line {
  readonly operation: Operation;
  readonly clients: number;
  readonly target: TargetName;
  readonly perSecond: number;
  /** Of the single rounds, to see how far they lie apart. */
  readonly perSecondOfRounds: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all members together, summed over the rounds. */
  readonly serverCpuSeconds: number;
  readonly serverCpuSecondsPer1000: number;
  readonly loadCpuSecondsPer1000: number;
  /** Of all members together, after the last round. */
  readonly serverResidentMebibytes: number;
  readonly errors: number;
  readonly errorTexts: readonly string[];
  /** Throughput by etcd's, where both were measured. */
  readonly timesEtcd?: number;
}

export function summarise(rounds: readonly Round[]): Line[] {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) {
    const { operation, clients } = round.measurement;
    const key = `${operation} ${clients} ${round.target}`;
    groups.set(key, [...(groups.get(key) ?? []), round]);
  }
  const lines = [...groups.values()].map(oneLine);
  return lines.map((line) => {
    const etcd = lines.find(
      (other) =>
        other.target === 'etcd' && other.operation === line.operation && other.clients === line.clients,
    );
    if (etcd === undefined || line.target === 'etcd' || etcd.perSecond === 0) return line;
    return { ...line, timesEtcd: line.perSecond / etcd.perSecond };
  });
}

function oneLine(rounds: readonly Round[]): Line {
  const measurements = rounds.map((round) => round.measurement);
  const sum = (of: (measurement: Measurement) => number): number =>
    measurements.reduce((total, measurement) => total + of(measurement), 0);
  const latencies = new LatencyHistogram();
  for (const { latencyPairs } of measurements) latencies.add(LatencyHistogram.fromPairs(latencyPairs));
  const completed = sum((measurement) => measurement.completed);
  const thousands = Math.max(completed, 1) / 1000;
  return {
    operation: measurements[0]!.operation,
    clients: measurements[0]!.clients,
    target: rounds[0]!.target,
    perSecond: completed / sum((measurement) => measurement.seconds),
    perSecondOfRounds: measurements.map((measurement) => measurement.completed / measurement.seconds),
    p50Ms: latencies.percentile(0.5) / 1000,
    p99Ms: latencies.percentile(0.99) / 1000,
    serverCpuSeconds: sum((measurement) => measurement.serverCpuSeconds),
    serverCpuSecondsPer1000: sum((measurement) => measurement.serverCpuSeconds) / thousands,
    loadCpuSecondsPer1000: sum((measurement) => measurement.loadCpuSeconds) / thousands,
    serverResidentMebibytes: measurements.at(-1)!.serverResidentBytes / 2 ** 20,
    errors: sum((measurement) => measurement.errors),
    errorTexts: [...new Set(measurements.flatMap((measurement) => measurement.errorTexts))],
  };
}
