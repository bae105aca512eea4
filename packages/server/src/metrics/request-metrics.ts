/** How long requests take from their arrival at the service to their answer, and what this member does in the background. */
import type { Command, MemberMeasurements, RangeQuery } from '@synod/coordination';
import type { SlowRequests } from '../log/slow-requests.ts';
import { APPLY_BOUNDS } from './apply-metrics.ts';
import { Distribution, Distributions, doubling } from './distribution.ts';
import type { MetricFamilies } from './families.ts';
import { requestName } from './request-names.ts';

/** Hundredths of a second to some minutes. */
const HASH_BOUNDS = doubling(0.01, 15);
/** In milliseconds: of a step, and of a whole compaction. */
const COMPACTION_STEP_BOUNDS = doubling(1, 13);
const COMPACTION_BOUNDS = doubling(100, 14);

const RANGE = 'Range';

export class RequestMetrics implements MemberMeasurements {
  private readonly slow: Pick<SlowRequests, 'rangeAnswered' | 'answered'>;
  private readonly unixMs: () => number;
  /** By outcome, then by name. */
  private readonly succeeded = new Distributions(APPLY_BOUNDS, (type) => ({ type, success: 'true' }));
  private readonly failed = new Distributions(APPLY_BOUNDS, (type) => ({ type, success: 'false' }));
  private readonly rangesRead = new Distributions(APPLY_BOUNDS, (success) => ({ success }));
  private readonly keyspaceHashes = new Distribution(HASH_BOUNDS);
  private readonly wholeHashes = new Distribution(HASH_BOUNDS);
  private readonly compactionSteps = new Distribution(COMPACTION_STEP_BOUNDS);
  private readonly compactions = new Distribution(COMPACTION_BOUNDS);
  /** 0: none ended since the start. */
  private lastCompactionMs = 0;
  slowCount = 0;

  /** `unixMs`: the wall clock, for the one metric that is a date. */
  constructor(
    families: MetricFamilies,
    slow: Pick<SlowRequests, 'rangeAnswered' | 'answered'>,
    unixMs: () => number,
  ) {
    this.slow = slow;
    this.unixMs = unixMs;
    const { succeeded, failed } = this;
    families.histograms(
      'etcd_server_request_duration_seconds',
      'How long requests take, by what they ask for: a quorum and the state machine included.',
      {
        *[Symbol.iterator]() {
          yield* succeeded;
          yield* failed;
        },
      },
    );
    families.histograms(
      'etcd_server_range_duration_seconds',
      'How long ranges take to read, without the wait for a quorum.',
      this.rangesRead,
    );
    families.histogram(
      'etcd_mvcc_hash_duration_seconds',
      'How long hashes of the whole state take, between other work.',
      this.wholeHashes,
    );
    families.histogram(
      'etcd_mvcc_hash_rev_duration_seconds',
      'How long hashes of the keyspace at a revision take, between other work.',
      this.keyspaceHashes,
    );
    families.histogram(
      'etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds',
      'How long the single steps of compactions hold everything else up.',
      this.compactionSteps,
    );
    families.histogram(
      'etcd_debugging_mvcc_db_compaction_total_duration_milliseconds',
      'How long compactions take until all that they let go of is gone.',
      this.compactions,
    );
    families.gauge(
      'etcd_debugging_mvcc_db_compaction_last',
      'When the last compaction ended, as a Unix time; 0: none has since the start.',
      () => Math.floor(this.lastCompactionMs / 1000),
    );
  }

  commandEnded(command: Command, milliseconds: number, succeeded: boolean): void {
    this.slow.answered(command, milliseconds);
    const name = requestName(command);
    if (name !== undefined) (succeeded ? this.succeeded : this.failed).observe(name, milliseconds / 1000);
  }

  /** A range was answered. `milliseconds`: since it was asked for, the wait for a quorum included. */
  rangeAnswered(query: RangeQuery, milliseconds: number, succeeded: boolean): void {
    if (this.slow.rangeAnswered(query, milliseconds)) this.slowCount++;
    (succeeded ? this.succeeded : this.failed).observe(RANGE, milliseconds / 1000);
  }

  rangeRead(milliseconds: number, succeeded: boolean): void {
    this.rangesRead.observe(succeeded ? 'true' : 'false', milliseconds / 1000);
  }

  hashed(what: 'keyspace' | 'everything', milliseconds: number): void {
    (what === 'keyspace' ? this.keyspaceHashes : this.wholeHashes).observe(milliseconds / 1000);
  }

  compactionStep(milliseconds: number): void {
    this.compactionSteps.observe(milliseconds);
  }

  compacted(milliseconds: number): void {
    this.compactions.observe(milliseconds);
    this.lastCompactionMs = this.unixMs();
  }
}
