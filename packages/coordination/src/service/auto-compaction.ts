/**
 * Compaction without being asked, on etcd's schedule: by time, or by the number of revisions. Only the leader compacts, and
 * every member notes revisions, so that whoever leads next goes on where the last one stopped. It plans; what a
 * compaction does is the keyspace's business.
 */
import type { Revision } from '../machine/values.ts';
import { revision } from '../machine/values.ts';

export type AutoCompactionPlan =
  /** Keeps what can be seen of the last `periodMs`. */
  | { readonly kind: 'periodic'; readonly periodMs: number }
  /** Keeps the last `revisions`. */
  | { readonly kind: 'revision'; readonly revisions: number };

export interface AutoCompactionParts {
  readonly plan: AutoCompactionPlan;
  readonly nowMs: () => number;
  readonly leads: () => boolean;
  readonly revision: () => Revision;
  /** By this member's own resolve; `done` with whether everything up to there is compacted now. */
  readonly compact: (upTo: Revision, done: (isCompacted: boolean) => void) => void;
}

/** A longer period is looked at every hour. */
const PERIODIC_INTERVAL_MS_MAX = 3_600_000;
/** Revisions are noted, and a compaction that failed is tried again, so many times an interval. */
const NOTES_AN_INTERVAL = 10;
const REVISION_INTERVAL_MS = 300_000;

export class AutoCompaction {
  private readonly parts: AutoCompactionParts;
  private readonly intervalMs: number;
  /** How often it looks. */
  private readonly stepMs: number;
  /** Periodic: what the revision was at each look of the period, oldest first. */
  private readonly noted: Revision[] = [];
  private readonly notedMax: number;
  /** When it looks next; rises. */
  private nextMs: number;
  /** Periodic: not compacted before then. Rises. */
  private dueMs: number;
  /** The last one that was compacted by a plan of this member's. Rises. */
  private compactedTo = revision(0);
  private isCompacting = false;

  constructor(parts: AutoCompactionParts) {
    this.parts = parts;
    const { plan } = parts;
    const nowMs = parts.nowMs();
    if (plan.kind === 'periodic') {
      this.intervalMs = Math.min(plan.periodMs, PERIODIC_INTERVAL_MS_MAX);
      this.stepMs = this.intervalMs / NOTES_AN_INTERVAL;
      this.notedMax = Math.max(1, Math.floor(plan.periodMs / this.stepMs));
      this.noted.push(parts.revision());
      // The first waits a whole period: what is older than that is not known sooner.
      this.dueMs = nowMs + plan.periodMs;
    } else {
      this.intervalMs = REVISION_INTERVAL_MS;
      this.stepMs = REVISION_INTERVAL_MS;
      this.notedMax = 0;
      this.dueMs = nowMs;
    }
    this.nextMs = nowMs + this.stepMs;
  }

  tick(): void {
    const nowMs = this.parts.nowMs();
    if (nowMs < this.nextMs) return;
    // After a stall nothing is made up for: looks that were missed would note one and the same revision.
    this.nextMs = nowMs + this.stepMs;
    const upTo = this.planned();
    if (this.notedMax > 0) this.note();
    if (!this.parts.leads() || nowMs < this.dueMs || upTo <= this.compactedTo || this.isCompacting) return;
    this.isCompacting = true;
    this.parts.compact(upTo, (isCompacted) => {
      this.isCompacting = false;
      if (!isCompacted) return;
      this.compactedTo = upTo;
      if (this.notedMax > 0) this.dueMs = nowMs + this.intervalMs;
    });
  }

  private planned(): Revision {
    const { plan } = this.parts;
    if (plan.kind === 'periodic') return this.noted[0]!;
    return revision(Math.max(0, this.parts.revision() - plan.revisions));
  }

  private note(): void {
    this.noted.push(this.parts.revision());
    if (this.noted.length > this.notedMax) this.noted.shift();
  }
}
