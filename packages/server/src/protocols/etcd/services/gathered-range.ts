/**
 * Range where it may be of any size: read, sorted and encoded in pieces, between which the member serves others. The answer is
 * of one revision, that of the first piece; what is compacted meanwhile is asked for anew.
 */
import type {
  Caller,
  Failure,
  KeyRecord,
  PageResult,
  RangeQuery,
  RangeResult,
  Revision,
} from '@synod/coordination';
import {
  hasBounds,
  isWithinBounds,
  type Key,
  recordOrder,
  SortedRuns,
  withoutValue,
} from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { RANGE_FIRST_PIECE_RECORDS_MAX, RANGE_PIECE_KEYS_MAX, RANGE_PIECE_RECORDS_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { writeRangeBody } from '../messages/range.ts';
import type { UnaryCall } from '../rpc.ts';

/** How often compaction may overtake a reading of the present before it is done in one go. */
const RESTARTS_MAX = 3;

/** Whether a query is answered at once whatever the keyspace holds. */
export function isBounded(query: RangeQuery): boolean {
  const { span, countOnly, limit, sort } = query;
  if (span.to === undefined || countOnly) return true;
  return limit > 0 && limit <= RANGE_FIRST_PIECE_RECORDS_MAX && sort === undefined && !hasBounds(query);
}

export interface RangeAsked {
  readonly query: RangeQuery;
  readonly linearizable: boolean;
  readonly caller: Caller | undefined;
}

export class GatheredRange {
  private readonly face: MemberFace;
  private readonly call: UnaryCall;
  private readonly asked: RangeAsked;
  /** Where it is not in key order: what is to be sorted, and cut to the limit then. */
  private runs: SortedRuns<KeyRecord> | undefined;
  /** Records, encoded, in the order of the answer. */
  private parts: Uint8Array[] = [];
  /** Of the first piece: all others are of it. 0 before. */
  private revision = 0 as Revision;
  /** Keys found, and how many of them were within the bounds. */
  private found = 0;
  private fitting = 0;
  private restarts = 0;
  private readonly startedMs = performance.now();
  /** Nobody waits any more. Monotonic. */
  private over = false;

  constructor(face: MemberFace, call: UnaryCall, asked: RangeAsked) {
    this.face = face;
    this.call = call;
    this.asked = asked;
    call.onCancel = () => {
      this.over = true;
    };
  }

  /** Only the first piece asks the others; then the revision is fixed, and this member's state has it. */
  begin(): void {
    const { query, linearizable } = this.asked;
    const { sort } = query;
    const cutsLater = sort !== undefined || hasBounds(query);
    // Bounds alone leave the order of keys, in which one run after the other comes.
    const order = sort === undefined ? () => 0 : recordOrder(sort);
    this.runs = cutsLater ? new SortedRuns(order, query.limit || Number.POSITIVE_INFINITY) : undefined;
    this.parts = [];
    this.revision = 0 as Revision;
    this.found = 0;
    this.fitting = 0;
    this.readPiece(query.span.from, linearizable && this.restarts === 0, RANGE_FIRST_PIECE_RECORDS_MAX);
  }

  private readPiece(from: Key, linearizable: boolean, recordsMax: number): void {
    const { query, caller } = this.asked;
    const page = {
      span: { from, to: query.span.to },
      revision: query.revision || this.revision,
      recordsMax: Math.min(recordsMax, this.recordsLeft),
      bytesMax: this.face.options.requestBytesMax,
      keysMax: RANGE_PIECE_KEYS_MAX,
    };
    this.face.service.page(page, linearizable, { complete: (result) => this.take(result) }, caller);
  }

  /** Until the limit is reached, where it counts what is read. */
  private get recordsLeft(): number {
    const { limit } = this.asked.query;
    return limit > 0 && this.runs === undefined ? limit - this.found : Number.POSITIVE_INFINITY;
  }

  private take(result: PageResult | Failure | ServiceFailure): void {
    if (this.over) return;
    if (result.kind !== 'page') {
      this.refused(result);
      return;
    }
    const { records, next } = result;
    if (this.revision === 0) this.revision = result.revision;
    this.found += records.length;
    this.keep(records);
    if (next === undefined) this.readAll(this.found);
    // Behind the limit there may be nothing but keys that were deleted: the count tells.
    else if (this.recordsLeft === 0) this.count();
    else this.later(() => this.readPiece(next, false, RANGE_PIECE_RECORDS_MAX));
  }

  private keep(records: readonly KeyRecord[]): void {
    const { query } = this.asked;
    if (this.runs === undefined) {
      this.fitting += records.length;
      this.encode(records);
      return;
    }
    const fitting = records.filter((record) => isWithinBounds(record, query));
    this.fitting += fitting.length;
    this.runs.add(fitting);
  }

  private encode(records: readonly KeyRecord[]): void {
    if (records.length === 0) return;
    const { writer } = this.face;
    const shown = this.asked.query.keysOnly ? records.map(withoutValue) : records;
    writeRangeBody(writer, { kind: 'range', revision: this.revision, records: shown, more: false, count: 0 });
    this.parts.push(writer.finish());
  }

  /** What the present was is compacted: then the present is another by now. */
  private refused(failure: Failure | ServiceFailure): void {
    const isOvertaken =
      failure.kind === 'failure' &&
      failure.reason.code === 'revisionCompacted' &&
      this.asked.query.revision === 0;
    if (!isOvertaken) this.fail(failure);
    else if (this.restarts++ < RESTARTS_MAX) this.begin();
    else this.readAtOnce();
  }

  private readAtOnce(): void {
    const { query, caller } = this.asked;
    const complete = (result: RangeResult | Failure | ServiceFailure): void => {
      if (this.over) return;
      if (result.kind !== 'range') {
        this.fail(result);
        return;
      }
      this.revision = result.revision;
      this.parts = [];
      this.encode(result.records);
      this.respond(result.more, result.count);
    };
    this.face.service.range(query, false, { complete }, caller);
  }

  private count(): void {
    const { query, caller } = this.asked;
    const counting = { ...query, countOnly: true, limit: 0, revision: query.revision || this.revision };
    const complete = (result: RangeResult | Failure | ServiceFailure): void => {
      if (this.over) return;
      if (result.kind === 'range') this.readAll(result.count);
      else this.refused(result);
    };
    this.face.service.range(counting, false, { complete }, caller);
  }

  private readAll(count: number): void {
    const { limit } = this.asked.query;
    const { runs } = this;
    if (runs === undefined) this.respond(count > this.found, count);
    else this.sort(runs.merged(), () => this.respond(limit > 0 && this.fitting > limit, count));
  }

  private sort(merging: Generator<void, readonly KeyRecord[]>, done: () => void): void {
    if (this.over) return;
    const step = merging.next();
    if (step.done === true) this.encodeFrom(step.value, 0, done);
    else this.later(() => this.sort(merging, done));
  }

  private encodeFrom(records: readonly KeyRecord[], from: number, done: () => void): void {
    const to = from + RANGE_PIECE_RECORDS_MAX;
    this.encode(records.slice(from, to));
    if (to >= records.length) done();
    else this.later(() => this.encodeFrom(records, to, done));
  }

  private later(piece: () => void): void {
    this.face.turns.add(() => {
      if (!this.over) piece();
    });
  }

  private fail(failure: Failure | ServiceFailure): void {
    this.tell(false);
    this.face.failWith(this.call, failure);
  }

  private tell(succeeded: boolean): void {
    this.face.observer.rangeAnswered(this.asked.query, performance.now() - this.startedMs, succeeded);
  }

  private respond(more: boolean, count: number): void {
    this.over = true;
    this.tell(true);
    const { writer } = this.face;
    this.face.writeHeader(this.revision);
    const header = writer.finish();
    writeRangeBody(writer, { kind: 'range', revision: this.revision, records: [], more, count });
    this.call.respondInParts([header, ...this.parts, writer.finish()]);
  }
}
