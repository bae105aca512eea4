/**
 * The families of one member's metrics in Prometheus's words. Each is given as something to read at a scrape: whoever counts or
 * measures keeps plain numbers, and knows nothing of Prometheus.
 */
import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { Distribution, Labels } from './distribution.ts';

export class MetricFamilies {
  readonly registry = new Registry();

  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(read()),
    });
  }

  counter(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  gauges(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<readonly [Labels, number]>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const [labels, value] of read()) gauge.set(labels, value);
      },
    });
  }

  counters(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<readonly [Labels, number]>,
  ): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const [labels, value] of read()) counter.inc(labels, value);
      },
    });
  }

  histogram(name: string, help: string, distribution: Distribution): void {
    this.histograms(name, help, [[NO_LABELS, distribution]]);
  }

  histograms(name: string, help: string, read: Iterable<readonly [Labels, Distribution]>): void {
    const histogram = new HistogramFamily(name, help, read);
    // The registry asks of a metric what this one has; its type also names what only Prometheus's own classes are asked for.
    this.registry.registerMetric(histogram as unknown as Metric);
  }

  /** A fact that is all in its label. */
  fact(name: string, help: string, labels: Labels): void {
    this.gauges(name, help, Object.keys(labels), () => [[labels, 1]]);
  }
}

const NO_LABELS: Labels = {};

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

class HistogramFamily {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private readonly read: Iterable<readonly [Labels, Distribution]>;

  constructor(name: string, help: string, read: Iterable<readonly [Labels, Distribution]>) {
    this.name = name;
    this.help = help;
    this.read = read;
  }

  get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: [...this.samples()] };
  }

  private *samples(): Generator<Sample> {
    for (const [labels, { bounds, counts, sum }] of this.read) {
      let count = 0;
      for (const [i, ofBucket] of counts.entries()) {
        count += ofBucket;
        const le = bounds[i] ?? '+Inf';
        yield { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
      }
      yield { metricName: `${this.name}_sum`, labels, value: sum };
      yield { metricName: `${this.name}_count`, labels, value: count };
    }
  }
}
