/** Which of many like lines a log gets: one of a kind in an interval, which says how many were left out before it. */

interface Written {
  readonly atMs: number;
  /** Like it and left out, since. */
  leftOut: number;
}

export class Thinning {
  private readonly intervalMs: number;
  private readonly nowMs: () => number;
  private readonly kindsMax: number;
  /** By kind, the one written longest ago first. */
  private readonly written = new Map<string, Written>();

  /** `kindsMax`: of so many kinds it is remembered when one was written; a further one is left out until one is forgotten. */
  constructor(options: {
    readonly intervalMs: number;
    readonly nowMs: () => number;
    readonly kindsMax: number;
  }) {
    this.intervalMs = options.intervalMs;
    this.nowMs = options.nowMs;
    this.kindsMax = options.kindsMax;
  }

  /** @returns undefined: the line is to be left out; else how many of its kind were since the last one */
  admit(kind: string): number | undefined {
    const now = this.nowMs();
    const last = this.written.get(kind);
    if (last !== undefined && now - last.atMs < this.intervalMs) {
      last.leftOut++;
      return undefined;
    }
    this.written.delete(kind);
    this.forgetOld(now);
    if (this.written.size >= this.kindsMax) return undefined;
    this.written.set(kind, { atMs: now, leftOut: 0 });
    return last?.leftOut ?? 0;
  }

  private forgetOld(now: number): void {
    for (const [kind, { atMs }] of this.written) {
      // A kind's last line is kept for one more interval, for the number that goes into its next.
      if (now - atMs < 2 * this.intervalMs) return;
      this.written.delete(kind);
    }
  }
}
