/**
 * etcdserverpb.KV/RangeStream: a range in pieces, so that neither side holds all of it. The pieces joined are what Range
 * answers: the first ones carry records alone, the last one header, `more` and `count`. All are of one revision, that of the
 * first piece. Between two pieces others have their turn, and a slow client is waited for.
 */
import type { Failure, Key, KeyRecord, PageResult, RangeResult, Revision } from '@synod/coordination';
import { hasBounds, key, withoutValue } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS, type StatusCode } from '../../../grpc/status.ts';
import { RANGE_PIECE_KEYS_MAX, RANGE_PIECE_RECORDS_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { decodeRangeRequest, type RangeRequest, writeRangeBody } from '../messages/range.ts';
import { rangeQueryOf, spanOf } from '../neutral-commands.ts';
import { checkRange } from '../request-checks.ts';
import type { StreamCall, StreamListener } from '../rpc.ts';

export function openRangeStream(face: MemberFace, call: StreamCall): StreamListener {
  return new RangeStream(face, call);
}

/** The number of `range_response` in RangeStreamResponse. */
const RANGE_RESPONSE = 1;
const NO_RECORDS: readonly KeyRecord[] = [];

class RangeStream implements StreamListener {
  private readonly face: MemberFace;
  private readonly call: StreamCall;
  /** undefined until it came. */
  private request: RangeRequest | undefined;
  /** Where the next piece begins. Monotonic. */
  private from: Key = key('');
  /** Of the first piece: all others are of it. 0 before. */
  private headerRevision = 0 as Revision;
  /** Records sent. Monotonic. */
  private sent = 0;
  /** A piece is to be read as soon as the client has taken what there is. */
  private waitsForRoom = false;
  /** Nothing may be sent any more. Monotonic. */
  private over = false;

  constructor(face: MemberFace, call: StreamCall) {
    this.face = face;
    this.call = call;
  }

  onMessage(bytes: Uint8Array): void {
    if (this.over || this.request !== undefined) return;
    const request = this.face.decodeStreamed(this, bytes, decodeRangeRequest);
    if (request === undefined) return;
    this.request = request;
    const error = checkRange(request);
    if (this.face.refuses(this, request.serializable)) return;
    if (error !== undefined) this.face.fail(this, error);
    else if (!isInKeyOrder(request))
      this.fail(
        STATUS.unimplemented,
        'etcdserver: a range with a sort order or bounds of revisions cannot be streamed; use Range',
      );
    else if (request.countOnly)
      this.countAll(request, !request.serializable, (count) => this.end(false, count));
    else {
      this.from = key(request.key);
      this.readPiece(!request.serializable);
    }
  }

  /** Only the first piece asks the others; then the revision is fixed, and this member's state has it. */
  private readPiece(linearizable: boolean): void {
    const request = this.request!;
    const left = request.limit > 0 ? request.limit - this.sent : Number.POSITIVE_INFINITY;
    const query = {
      span: spanFrom(request, this.from),
      revision: Math.max(0, request.revision) || this.headerRevision,
      recordsMax: Math.min(RANGE_PIECE_RECORDS_MAX, left),
      bytesMax: this.face.options.requestBytesMax,
      keysMax: RANGE_PIECE_KEYS_MAX,
    };
    this.face.service.page(query, linearizable, {
      complete: (result: PageResult | Failure | ServiceFailure) => {
        if (this.over) return;
        if (result.kind === 'page') this.tell(request, result);
        else this.face.failWith(this, result);
      },
    });
  }

  private tell(request: RangeRequest, { records, next, revision }: PageResult): void {
    if (this.headerRevision === 0) this.headerRevision = revision;
    this.sent += records.length;
    const hasRoom = records.length === 0 || this.sendRecords(request, records);
    if (next === undefined) this.end(false, this.sent);
    else if (request.limit > 0 && this.sent >= request.limit)
      // Behind the limit there may be nothing but keys that were deleted: the count tells.
      this.countAll(request, false, (count) => this.end(count > this.sent, count));
    else {
      this.from = next;
      if (hasRoom) this.face.turns.add(() => this.goOn());
      else this.waitsForRoom = true;
    }
  }

  private goOn(): void {
    if (!this.over) this.readPiece(false);
  }

  private sendRecords(request: RangeRequest, records: readonly KeyRecord[]): boolean {
    const { writer } = this.face;
    const body = writer.begin(RANGE_RESPONSE);
    const shown = request.keysOnly ? records.map(withoutValue) : records;
    writeRangeBody(writer, {
      kind: 'range',
      revision: this.headerRevision,
      records: shown,
      more: false,
      count: 0,
    });
    writer.end(body);
    return this.call.send(writer.finish());
  }

  private countAll(request: RangeRequest, linearizable: boolean, done: (count: number) => void): void {
    const query = rangeQueryOf({
      ...request,
      countOnly: true,
      limit: 0,
      revision: Math.max(0, request.revision) || this.headerRevision,
    });
    this.face.service.range(query, linearizable, {
      complete: (result: RangeResult | Failure | ServiceFailure) => {
        if (this.over) return;
        if (result.kind !== 'range') {
          this.face.failWith(this, result);
          return;
        }
        if (this.headerRevision === 0) this.headerRevision = result.revision;
        done(result.count);
      },
    });
  }

  private end(more: boolean, count: number): void {
    const { writer } = this.face;
    const body = writer.begin(RANGE_RESPONSE);
    this.face.writeHeader(this.headerRevision);
    writeRangeBody(writer, {
      kind: 'range',
      revision: this.headerRevision,
      records: NO_RECORDS,
      more,
      count,
    });
    writer.end(body);
    this.call.send(writer.finish());
    this.over = true;
    this.call.finish();
  }

  metadata(name: string): string | undefined {
    return this.call.metadata(name);
  }

  fail(code: StatusCode, text: string): void {
    this.over = true;
    this.call.fail(code, text);
  }

  onHalfClose(): void {}

  onDrain(): void {
    if (!this.waitsForRoom) return;
    this.waitsForRoom = false;
    this.goOn();
  }

  onCancel(): void {
    this.over = true;
  }
}

function isInKeyOrder(request: RangeRequest): boolean {
  const query = rangeQueryOf(request);
  return query.sort === undefined && !hasBounds(query);
}

/** What is left of the range from a key on; the one key has nothing behind it. */
function spanFrom({ key: first, rangeEnd }: RangeRequest, from: Key) {
  return { from, to: spanOf(first, rangeEnd).to };
}
