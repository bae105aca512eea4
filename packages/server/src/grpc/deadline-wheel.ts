/**
 * Deadlines of calls: a wheel of slots, each a ring of calls, so that setting and clearing a deadline moves four links and
 * no timer. The timer runs only while a deadline is set. Knows nothing of calls but their links.
 */
import { DEADLINE_SLOTS, DEADLINE_TICK_MS } from './limits.ts';

/** Part of whatever has a deadline; written by the wheel alone. */
export interface DeadlineLinks {
  readonly deadlineAtMs: number;
  /** Neighbours in the slot; undefined: no deadline is set. */
  previousDeadline: DeadlineLinks | undefined;
  nextDeadline: DeadlineLinks | undefined;
  /** The deadline has passed; it is no longer in the wheel. */
  deadlinePassed(): void;
}

/** The ring's fixed place in a slot. */
class SlotHead implements DeadlineLinks {
  readonly deadlineAtMs = 0;
  previousDeadline: DeadlineLinks | undefined = this;
  nextDeadline: DeadlineLinks | undefined = this;
  deadlinePassed(): void {
    throw new Error('a slot has no deadline');
  }
}

export class DeadlineWheel {
  private readonly clock: () => number;
  private readonly slots: readonly SlotHead[] = Array.from({ length: DEADLINE_SLOTS }, () => new SlotHead());
  private count = 0;
  /** Slots up to this tick have been looked at. */
  private tickDone: number;
  private timer: NodeJS.Timeout | undefined = undefined;

  constructor(clock: () => number) {
    this.clock = clock;
    this.tickDone = Math.floor(clock() / DEADLINE_TICK_MS);
  }

  get size(): number {
    return this.count;
  }

  add(entry: DeadlineLinks): void {
    if (this.count++ === 0) this.start();
    const tick = Math.max(Math.ceil(entry.deadlineAtMs / DEADLINE_TICK_MS), this.tickDone + 1);
    const head = this.slots[tick % DEADLINE_SLOTS]!;
    const last = head.previousDeadline!;
    entry.previousDeadline = last;
    entry.nextDeadline = head;
    last.nextDeadline = entry;
    head.previousDeadline = entry;
  }

  /** Nothing happens where none is set. */
  remove(entry: DeadlineLinks): void {
    const { previousDeadline: previous, nextDeadline: next } = entry;
    if (previous === undefined || next === undefined) return;
    previous.nextDeadline = next;
    next.previousDeadline = previous;
    entry.previousDeadline = undefined;
    entry.nextDeadline = undefined;
    this.count--;
  }

  /** Looks at the slots whose time has come. */
  advance(): void {
    const nowMs = this.clock();
    const tick = Math.floor(nowMs / DEADLINE_TICK_MS);
    const first = Math.max(this.tickDone + 1, tick - DEADLINE_SLOTS + 1);
    this.tickDone = tick;
    for (let due = first; due <= tick; due++) this.expire(this.slots[due % DEADLINE_SLOTS]!, nowMs);
    if (this.count === 0) this.stop();
  }

  /** The ring may change under `deadlinePassed`; those due are taken out first. */
  private expire(head: SlotHead, nowMs: number): void {
    const due: DeadlineLinks[] = [];
    for (let at = head.nextDeadline!; at !== head; at = at.nextDeadline!)
      if (at.deadlineAtMs <= nowMs) due.push(at);
    for (const entry of due) this.remove(entry);
    for (const entry of due) entry.deadlinePassed();
  }

  private start(): void {
    this.tickDone = Math.floor(this.clock() / DEADLINE_TICK_MS);
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.advance(), DEADLINE_TICK_MS);
    this.timer.unref();
  }

  /** The timer ends with the last deadline. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
