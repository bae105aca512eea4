/** Reads of this member's state for the service: at once, or after a quorum round, with how long they take. */
import type { ReadBarrierFailure, ReplicaApi } from '@synod/consensus';
import type { Machine } from '../machine/machine-api.ts';
import type { Failure, PageResult, RangeResult } from '../machine/results.ts';
import type { MemberMeasurements } from './member-measurements.ts';
import type { Completion, ServiceErrorCode, ServiceFailure } from './service-api.ts';

export const READ_ERRORS: Readonly<Record<ReadBarrierFailure, ServiceErrorCode>> = {
  noLeader: 'noLeader',
  leaderChanged: 'leaderChanged',
  timeout: 'timeout',
  stopped: 'stopped',
  tooManyReads: 'tooManyRequests',
};

export interface MeasuredReadsParts {
  readonly replica: Pick<ReplicaApi, 'read'>;
  readonly machine: Pick<Machine, 'atRest'>;
  /** Nobody is told what this member holds. */
  readonly isCorrupt: () => boolean;
  readonly nowMs: () => number;
  readonly measurements: MemberMeasurements;
}

const CORRUPT: ServiceFailure = { kind: 'serviceFailure', code: 'corrupt' };

export class MeasuredReads {
  private readonly parts: MeasuredReadsParts;

  constructor(parts: MeasuredReadsParts) {
    this.parts = parts;
  }

  /** Of a range, or a page of one. */
  range<Result extends RangeResult | PageResult>(
    linearizable: boolean,
    completion: Completion<Result | Failure | ServiceFailure>,
    read: () => Result | Failure,
  ): void {
    const answer = (failure: ReadBarrierFailure | undefined): void =>
      completion.complete(this.refusal(failure) ?? this.measured(read));
    if (linearizable) this.parts.replica.read(answer);
    else answer(undefined);
  }

  /** Of something without revisions, which is whole only while no entry is half applied. Linearizable. */
  atRest<Result>(completion: Completion<Result | ServiceFailure>, read: () => Result): void {
    const { replica, machine } = this.parts;
    replica.read((failure) => machine.atRest(() => completion.complete(this.refusal(failure) ?? read())));
  }

  private measured<Result extends RangeResult | PageResult>(read: () => Result | Failure): Result | Failure {
    const { nowMs, measurements } = this.parts;
    const startedMs = nowMs();
    const result = read();
    measurements.rangeRead(nowMs() - startedMs, result.kind !== 'failure');
    return result;
  }

  private refusal(failure: ReadBarrierFailure | undefined): ServiceFailure | undefined {
    if (failure !== undefined) return { kind: 'serviceFailure', code: READ_ERRORS[failure] };
    return this.parts.isCorrupt() ? CORRUPT : undefined;
  }
}
