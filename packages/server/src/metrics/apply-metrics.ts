/** What the state machine does, entry by entry, and how long each takes by this process's clock; leases as they come and go. */
import type { Command, CommandResult, LeaseChange, MachineObserver } from '@synod/coordination';
import type { SlowRequests } from '../log/slow-requests.ts';
import { Distribution, Distributions, doubling, type Labels } from './distribution.ts';
import type { MetricFamilies } from './families.ts';
import { requestName } from './request-names.ts';

/** Tenths of a millisecond to about a minute, in seconds. */
export const APPLY_BOUNDS = doubling(0.0001, 20);
/** A second to three months. */
const TTL_BOUNDS = doubling(1, 24);

export class ApplyMetrics implements MachineObserver {
  private readonly slow: Pick<SlowRequests, 'applied'>;
  private readonly nowMs: () => number;
  private begunMs = 0;
  /** By outcome, then by name. */
  private readonly succeeded = new Distributions(APPLY_BOUNDS, (op) => applyLabels(op, true));
  private readonly failed = new Distributions(APPLY_BOUNDS, (op) => applyLabels(op, false));
  private readonly ttls = new Distribution(TTL_BOUNDS);
  private leasesGranted = 0;
  private leasesEnded = 0;
  slowCount = 0;

  constructor(families: MetricFamilies, slow: Pick<SlowRequests, 'applied'>, nowMs: () => number) {
    this.slow = slow;
    this.nowMs = nowMs;
    const { succeeded, failed } = this;
    families.histograms(
      'etcd_server_apply_duration_seconds',
      'How long the state machine takes to apply an entry, by what it asks for.',
      {
        *[Symbol.iterator]() {
          yield* succeeded;
          yield* failed;
        },
      },
    );
    families.counter('etcd_debugging_lease_granted_total', 'Leases granted.', () => this.leasesGranted);
    families.counter(
      'etcd_debugging_lease_revoked_total',
      'Leases ended, because somebody asked or because they expired.',
      () => this.leasesEnded,
    );
    families.histogram(
      'etcd_debugging_lease_ttl_total',
      'What leases are granted with, in seconds.',
      this.ttls,
    );
  }

  entryBegins(): void {
    this.begunMs = this.nowMs();
  }

  entryApplied([command]: readonly Command[], [result]: readonly CommandResult[]): void {
    if (command === undefined || result === undefined) return;
    const milliseconds = this.nowMs() - this.begunMs;
    if (this.slow.applied(command, milliseconds)) this.slowCount++;
    const name = requestName(command);
    if (name === undefined) return;
    (isFailed(result) ? this.failed : this.succeeded).observe(name, milliseconds / 1000);
  }

  leaseChanged(change: LeaseChange): void {
    if (change.kind === 'granted') {
      this.leasesGranted++;
      this.ttls.observe(change.ttlSeconds);
    } else if (change.kind === 'ended') this.leasesEnded++;
  }
}

/** That what was asked for is compacted is no failure here, as in etcd. */
function isFailed(result: CommandResult): boolean {
  return result.kind === 'failure' && result.reason.code !== 'revisionCompacted';
}

/** `version`: of etcd's interface. */
function applyLabels(op: string, success: boolean): Labels {
  return { version: 'v3', op, success: String(success) };
}
