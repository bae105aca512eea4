/**
 * Says in the log why connections are refused, without letting whoever causes them fill it: one line a source and kind
 * in an interval, and a bounded memory of what was said.
 */
import { REFUSALS_REMEMBERED_MAX } from './limits.ts';

export interface Refusal {
  /** Of our choosing, never the stranger's: what the lines are counted by. */
  readonly kind: string;
  readonly reason: string;
}

interface Remembered {
  readonly loggedMs: number;
  /** Like it and not logged, since. */
  unsaid: number;
}

export class RefusalLog {
  private readonly intervalMs: number;
  private readonly nowMs: () => number;
  private readonly write: (source: string, reason: string) => void;
  /** By source and kind, the one logged longest ago first. */
  private readonly remembered = new Map<string, Remembered>();

  constructor(options: {
    readonly intervalMs: number;
    readonly nowMs: () => number;
    readonly write: (source: string, reason: string) => void;
  }) {
    this.intervalMs = options.intervalMs;
    this.nowMs = options.nowMs;
    this.write = options.write;
  }

  report(source: string, { kind, reason }: Refusal): void {
    const now = this.nowMs();
    const key = `${kind} ${source}`;
    const last = this.remembered.get(key);
    if (last !== undefined && now - last.loggedMs < this.intervalMs) {
      last.unsaid++;
      return;
    }
    this.remembered.delete(key);
    this.forgetOld(now);
    if (this.remembered.size >= REFUSALS_REMEMBERED_MAX) return;
    this.remembered.set(key, { loggedMs: now, unsaid: 0 });
    const unsaid = last?.unsaid ?? 0;
    this.write(source, unsaid === 0 ? reason : `${reason} (${unsaid} more of these since the last line)`);
  }

  private forgetOld(now: number): void {
    for (const [key, { loggedMs }] of this.remembered) {
      // A source's last line is kept for one more interval, for the number that goes into its next.
      if (now - loggedMs < 2 * this.intervalMs) return;
      this.remembered.delete(key);
    }
  }
}
