/** One budget for each kind of frame that costs us more than its sender. */
import { type Breach, limitReached } from './connection-end.ts';
import { FrameBudget } from './frame-budget.ts';
import type { FrameRate, Http2Limits } from './limits.ts';

/** The limits that are rates. */
export type FloodKind = {
  [Limit in keyof Http2Limits]: Http2Limits[Limit] extends FrameRate ? Limit : never;
}[keyof Http2Limits];

export class FloodGuard {
  private readonly budgets: Readonly<Record<FloodKind, FrameBudget>>;
  private readonly clock: () => number;

  constructor(limits: Http2Limits, clock: () => number) {
    const nowMs = clock();
    this.clock = clock;
    this.budgets = {
      streamResets: new FrameBudget(limits.streamResets, nowMs),
      settingsFrames: new FrameBudget(limits.settingsFrames, nowMs),
      pingFrames: new FrameBudget(limits.pingFrames, nowMs),
      emptyDataFrames: new FrameBudget(limits.emptyDataFrames, nowMs),
      idleFrames: new FrameBudget(limits.idleFrames, nowMs),
    };
  }

  /** Takes one from a budget; a breach if it is used up. */
  spend(kind: FloodKind): Breach | undefined {
    return this.budgets[kind].take(this.clock) ? undefined : limitReached(kind);
  }
}
