/** How long calls take at the server, from their head to their end, by method: what gRPC's own middleware for Prometheus measures. */
import { callLabels } from './call-names.ts';
import { Distributions } from './distribution.ts';
import type { MetricFamilies } from './families.ts';

/** A call that whoever times it may write its beginning into. */
export interface TimedCall {
  /** `/package.Service/Method` */
  readonly path: string;
  /** On the clock of `CallTimes`; what it is before is nobody's. */
  begunMs: number;
}

/** Five milliseconds to ten seconds: what Prometheus takes where nothing else is said. */
const CALL_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class CallTimes {
  private readonly nowMs: () => number;
  private readonly times = new Distributions(CALL_BOUNDS, callLabels);

  constructor(families: MetricFamilies, nowMs: () => number) {
    this.nowMs = nowMs;
    families.histograms(
      'grpc_server_handling_seconds',
      'How long calls take from their beginning to their end, by method.',
      this.times,
    );
  }

  began(call: TimedCall): void {
    call.begunMs = this.nowMs();
  }

  ended({ path, begunMs }: TimedCall): void {
    this.times.observe(path, (this.nowMs() - begunMs) / 1000);
  }
}
