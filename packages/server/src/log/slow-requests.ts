/**
 * Requests that took longer than they should: which they were and how long they took, as etcd's log has it, but not line after
 * line of one kind on a member that is busy with nothing else.
 */
import type { Command, RangeQuery } from '@synod/coordination';
import type { Log } from './log.ts';
import { commandText, rangeText } from './request-text.ts';
import { Thinning } from './thinning.ts';

export interface SlowRequestBounds {
  /** To apply an entry, or to answer a range; `--warning-apply-duration`. Milliseconds. */
  readonly applyMs: number;
  /** From the arrival of a write until its answer, the quorum included; `--warning-unary-request-duration`. Milliseconds. */
  readonly requestMs: number;
}

const LINE_INTERVAL_MS = 1_000;
/** There are a few dozen kinds of requests. */
const KINDS_MAX = 100;

/** etcd's text for both of what it warns of with its first bound. */
const SLOW_APPLY = 'apply request took too long';
const SLOW_REQUEST = 'request took too long';

export class SlowRequests {
  private readonly bounds: SlowRequestBounds;
  private readonly log: Pick<Log, 'warn'>;
  private readonly thinning: Thinning;

  constructor(bounds: SlowRequestBounds, log: Pick<Log, 'warn'>, nowMs: () => number) {
    this.bounds = bounds;
    this.log = log;
    this.thinning = new Thinning({ intervalMs: LINE_INTERVAL_MS, nowMs, kindsMax: KINDS_MAX });
  }

  /** An entry was applied. @returns whether that was slow */
  applied(command: Command, milliseconds: number): boolean {
    const { applyMs } = this.bounds;
    if (milliseconds <= applyMs) return false;
    const kind = `apply ${command.module} ${command.kind}`;
    this.write(kind, SLOW_APPLY, [milliseconds, applyMs], () => commandText(command));
    return true;
  }

  /** A range was answered, so long after it came. @returns whether that was slow */
  rangeAnswered(query: RangeQuery, milliseconds: number): boolean {
    const { applyMs } = this.bounds;
    if (milliseconds <= applyMs) return false;
    this.write('range', SLOW_APPLY, [milliseconds, applyMs], () => `read-only ${rangeText(query)}`);
    return true;
  }

  /** A command was answered, so long after it was submitted. */
  answered(command: Command, milliseconds: number): void {
    const { requestMs } = this.bounds;
    if (milliseconds <= requestMs) return;
    const kind = `request ${command.module} ${command.kind}`;
    this.write(kind, SLOW_REQUEST, [milliseconds, requestMs], () => commandText(command));
  }

  private write(
    kind: string,
    message: string,
    [tookMs, expectedMs]: readonly [number, number],
    request: () => string,
  ): void {
    const leftOut = this.thinning.admit(kind);
    if (leftOut === undefined) return;
    this.log.warn(message, {
      took: `${Math.round(tookMs)}ms`,
      'expected-duration': `${expectedMs}ms`,
      request: request(),
      ...(leftOut === 0 ? {} : { 'more-since-the-last-line': leftOut }),
    });
  }
}
