/** One member's own monotonic clock: it begins anywhere, runs fast or slow, and jumps forward; it never goes back. */

export class SimulatedClock {
  private readonly trueNowMs: () => number;
  /** Local milliseconds for each true one. Changes by `setRate`. */
  private rate = 1;
  /** True and local time of the last change of rate. */
  private trueBaseMs: number;
  private localBaseMs: number;
  /** The sum of all jumps: how much earlier than honest time this clock may end a lease. */
  jumpedMs = 0;

  constructor(trueNowMs: () => number, startMs: number) {
    this.trueNowMs = trueNowMs;
    this.trueBaseMs = trueNowMs();
    this.localBaseMs = startMs;
  }

  nowMs(): number {
    return this.localBaseMs + (this.trueNowMs() - this.trueBaseMs) * this.rate;
  }

  setRate(rate: number): void {
    this.localBaseMs = this.nowMs();
    this.trueBaseMs = this.trueNowMs();
    this.rate = rate;
  }

  /** As after a suspended machine wakes up. */
  jump(milliseconds: number): void {
    this.localBaseMs += milliseconds;
    this.jumpedMs += milliseconds;
  }

  /** How long, in true time, a local span takes at the present rate. */
  trueSpanMs(localMs: number): number {
    return localMs / this.rate;
  }
}
