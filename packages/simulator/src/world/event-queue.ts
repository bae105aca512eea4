/** What is going to happen, by time; what is planned for one instant happens in the order in which it was planned. */

interface PlannedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventQueue {
  /** True time in milliseconds since the world began. Monotone; written by `runNext` only. */
  nowMs = 0;
  /** Events carried out so far. */
  count = 0;
  private readonly heap: PlannedEvent[] = [];
  /** What is due at this very instant, and where its reading and writing stand. The list keeps its room. */
  private readonly due: (() => void)[] = [];
  private nextDue = 0;
  private dueCount = 0;
  private order = 0;

  /** Plans `run` for `delayMs` from now. */
  after(delayMs: number, run: () => void): void {
    if (delayMs <= 0) {
      this.due[this.dueCount++] = run;
      return;
    }
    this.push({ atMs: this.nowMs + delayMs, order: this.order++, run });
  }

  /** Carries out the next event, if it comes no later than `untilMs`. `false`: there is none. */
  runNext(untilMs: number): boolean {
    if (this.nextDue < this.dueCount) {
      const run = this.due[this.nextDue++]!;
      if (this.nextDue === this.dueCount) {
        this.nextDue = 0;
        this.dueCount = 0;
      }
      this.count++;
      run();
      return true;
    }
    const first = this.heap[0];
    if (first === undefined || first.atMs > untilMs) {
      if (this.nowMs < untilMs) this.nowMs = untilMs;
      return false;
    }
    this.pop();
    this.nowMs = first.atMs;
    this.count++;
    first.run();
    return true;
  }

  private push(event: PlannedEvent): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent]!;
      if (isBefore(other, event)) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: PlannedEvent, b: PlannedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
