/**
 * Says in the log why connections are refused, without letting whoever causes them fill it: one line a source and kind
 * in an interval, and a bounded memory of what was said.
 */
import { Thinning } from '../log/thinning.ts';
import { REFUSALS_REMEMBERED_MAX } from './limits.ts';

export interface Refusal {
  /** Of our choosing, never the stranger's: what the lines are counted by. */
  readonly kind: string;
  readonly reason: string;
}

export class RefusalLog {
  private readonly thinning: Thinning;
  private readonly write: (source: string, reason: string) => void;

  constructor(options: {
    readonly intervalMs: number;
    readonly nowMs: () => number;
    readonly write: (source: string, reason: string) => void;
  }) {
    this.thinning = new Thinning({ ...options, kindsMax: REFUSALS_REMEMBERED_MAX });
    this.write = options.write;
  }

  report(source: string, { kind, reason }: Refusal): void {
    const unsaid = this.thinning.admit(`${kind} ${source}`);
    if (unsaid === undefined) return;
    this.write(source, unsaid === 0 ? reason : `${reason} (${unsaid} more of these since the last line)`);
  }
}
