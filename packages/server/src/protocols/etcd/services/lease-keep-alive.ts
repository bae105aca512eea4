/** etcdserverpb.Lease/LeaseKeepAlive: a stream of renewals, each answered as it completes. */
import type { Failure, LeaseId } from '@synod/coordination';
import type { Completion, LeaseRenewed, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { StatusCode } from '../../../grpc/status.ts';
import type { Identity } from '../identity.ts';
import { KEEP_ALIVES_WAITING_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { decodeLeaseKeepAliveRequest, writeLeaseKeepAliveBody } from '../messages/lease-keep-alive.ts';
import type { StreamCall, StreamListener } from '../rpc.ts';
import type { LeaderBoundStream, LeaderRequirement } from './leader-requirement.ts';

export function openKeepAlive(
  face: MemberFace,
  leaders: LeaderRequirement,
  call: StreamCall,
  identity: Identity,
): StreamListener {
  const stream = new KeepAliveStream(face, leaders, call, identity);
  if (face.refuses(call, false)) stream.over = true;
  else leaders.opened(stream);
  return stream;
}

class KeepAliveStream implements StreamListener, LeaderBoundStream {
  readonly face: MemberFace;
  readonly call: StreamCall;
  private readonly leaders: LeaderRequirement;
  private readonly identity: Identity;
  /** Renewals without an answer. */
  waiting = 0;
  /** The client sends no more; the stream ends with the last answer. */
  private ended = false;
  /** Nothing may be sent any more. */
  over = false;

  constructor(face: MemberFace, leaders: LeaderRequirement, call: StreamCall, identity: Identity) {
    this.identity = identity;
    this.face = face;
    this.leaders = leaders;
    this.call = call;
  }

  onMessage(bytes: Uint8Array): void {
    if (this.over) return;
    if (this.waiting >= KEEP_ALIVES_WAITING_MAX) {
      this.finish();
      this.face.fail(this.call, 'tooManyRequests');
      return;
    }
    const id = this.face.decodeStreamed(this, bytes, decodeLeaseKeepAliveRequest);
    if (id === undefined) return;
    const caller = this.identity.caller();
    if (caller === 'invalidAuthToken') {
      this.finish();
      this.face.fail(this.call, caller);
      return;
    }
    this.waiting++;
    this.face.service.keepAlive(id, new Renewal(this, id), caller);
  }

  /** For the decoder. */
  fail(code: StatusCode, text: string): void {
    this.finish();
    this.call.fail(code, text);
  }

  /** One renewal came back. */
  settled(): void {
    this.waiting--;
    if (this.ended && this.waiting === 0 && !this.over) {
      this.finish();
      this.call.finish();
    }
  }

  finish(): void {
    this.over = true;
    this.leaders.closed(this);
  }

  onHalfClose(): void {
    this.ended = true;
    if (this.waiting > 0 || this.over) return;
    this.finish();
    this.call.finish();
  }

  /** Answers are few and small, and KEEP_ALIVES_WAITING_MAX bounds them: they need not wait for a slow client. */
  onDrain(): void {}

  onCancel(): void {
    this.finish();
  }

  leaderLost(): void {
    this.over = true;
  }
}

/** A TTL of 0 tells the client that its lease is gone. */
const GONE_TTL = 0;

class Renewal implements Completion<LeaseRenewed | Failure | ServiceFailure> {
  private readonly stream: KeepAliveStream;
  private readonly id: LeaseId;
  /**
   * As it was before the renewal was asked for, so that it is never past it: otherwise a client could see its lease
   * alive at a revision at which it had been revoked.
   */
  private readonly revision: number;

  constructor(stream: KeepAliveStream, id: LeaseId) {
    this.stream = stream;
    this.id = id;
    this.revision = stream.face.service.revision;
  }

  complete(result: LeaseRenewed | Failure | ServiceFailure): void {
    const { stream } = this;
    if (!stream.over) {
      if (result.kind === 'leaseRenewed') this.answer(result.ttlSeconds);
      else if (result.kind === 'failure' && result.reason.code === 'leaseNotFound') this.answer(GONE_TTL);
      else {
        stream.finish();
        stream.face.failWith(stream.call, result);
      }
    }
    stream.settled();
  }

  private answer(ttlSeconds: number): void {
    const { face, call } = this.stream;
    face.writeHeader(this.revision);
    writeLeaseKeepAliveBody(face.writer, this.id, ttlSeconds);
    call.send(face.writer.finish());
  }
}
