/** A budget of frames that refills with time: the one way in which floods of any kind are recognised. */
import type { FrameRate } from './limits.ts';

export class FrameBudget {
  private readonly rate: FrameRate;
  private left: number;
  private refilledAtMs: number;

  constructor(rate: FrameRate, nowMs: number) {
    this.rate = rate;
    this.left = rate.burst;
    this.refilledAtMs = nowMs;
  }

  /** `false`: it is used up. The clock is read only where the budget must be refilled. */
  take(clock: () => number): boolean {
    if (this.left < 1) this.refill(clock());
    if (this.left < 1) return false;
    this.left--;
    return true;
  }

  private refill(nowMs: number): void {
    const earned = ((nowMs - this.refilledAtMs) / 1000) * this.rate.perSecond;
    if (earned < 1) return;
    this.left = Math.min(this.rate.burst, this.left + earned);
    this.refilledAtMs = nowMs;
  }
}
