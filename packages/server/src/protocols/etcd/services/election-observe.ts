/**
 * v3electionpb.Election/Observe: a stream of who leads an election and what it proclaims, from now on. While there is no
 * leader it is silent. Proclamations between two leaders may be passed over, as in etcd: what counts is the latest.
 */
import type { KeyRecord, KeySpan, RangeResult, Revision, WatchEvent, WatchSink } from '@synod/coordination';
import type { WatchStream } from '@synod/coordination/service/service-api.ts';
import type { StatusCode } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { writeKeyValue } from '../messages/key-value.ts';
import { LEADER_RECORD, leaderRequest } from '../messages/lock-election.ts';
import type { StreamCall, StreamListener } from '../rpc.ts';
import type { LeaderBoundStream, LeaderRequirement } from './leader-requirement.ts';
import { askRange, failUnknown, type Outcome, ownerQuery, ownersOf } from './ownership.ts';

export function openObserve(face: MemberFace, leaders: LeaderRequirement, call: StreamCall): StreamListener {
  const observation = new Observation(face, leaders, call);
  if (face.refuses(call, false)) observation.finish();
  else leaders.opened(observation);
  return observation;
}

class Observation implements StreamListener, LeaderBoundStream, WatchSink {
  readonly call: StreamCall;
  private readonly face: MemberFace;
  private readonly leaders: LeaderRequirement;
  private readonly hubStream: WatchStream;
  /** The election; undefined until the request came. */
  private name: string | undefined;
  /** The one watch that is open; undefined while the leader is being looked up. */
  private watch: { readonly id: number; readonly wants: 'aLeader' | 'theLeadersKey' } | undefined;
  /** Nothing may be sent any more. Monotonic. */
  private over = false;

  constructor(face: MemberFace, leaders: LeaderRequirement, call: StreamCall) {
    this.face = face;
    this.leaders = leaders;
    this.call = call;
    this.hubStream = face.service.openWatchStream(this);
  }

  onMessage(bytes: Uint8Array): void {
    if (this.over || this.name !== undefined) return;
    const request = this.face.decodeStreamed(this, bytes, leaderRequest.decode);
    if (request === undefined) return;
    this.name = request.name;
    this.look();
  }

  private look(): void {
    if (this.over || this.name === undefined) return;
    askRange(this.face, ownerQuery(this.name), (result) => this.found(result));
  }

  private found(result: Outcome<RangeResult>): void {
    if (this.over) return;
    if (result.kind !== 'range') {
      this.finish();
      failUnknown(this.call, result);
      return;
    }
    const [record] = result.records;
    if (record === undefined) this.watchFrom('aLeader', ownersOf(this.name!), result.revision + 1);
    else {
      this.tell(result.revision, record);
      this.watchFrom('theLeadersKey', { from: record.key, to: undefined }, result.revision + 1);
    }
  }

  private watchFrom(wants: 'aLeader' | 'theLeadersKey', span: KeySpan, startRevision: number): void {
    if (this.over) return;
    const creation = this.hubStream.create({
      id: undefined,
      span,
      startRevision,
      puts: true,
      deletes: wants === 'theLeadersKey',
      previous: false,
    });
    if (creation.kind === 'forbidden') {
      // What could be read a moment ago is forbidden by now.
      this.finish();
      this.face.fail(this.call, creation.reason.code);
      return;
    }
    if (creation.kind !== 'created') throw new Error('a span of at least one key was refused');
    this.watch = { id: creation.id, wants };
  }

  events(id: number, _revision: Revision, events: readonly WatchEvent[]): void {
    for (const { kind, record } of events) {
      const { watch } = this;
      if (watch === undefined || watch.id !== id) return;
      if (kind === 'delete') {
        this.lookAgain(id);
        return;
      }
      this.tell(record.modRevision, record);
      if (watch.wants === 'aLeader') {
        this.hubStream.cancel(id);
        this.watch = undefined;
        this.watchFrom('theLeadersKey', { from: record.key, to: undefined }, record.modRevision + 1);
        return;
      }
    }
  }

  /** What happened meanwhile cannot be read any more; who leads now can. */
  compacted(id: number): void {
    if (this.watch?.id === id) this.lookAgain(id);
  }

  progress(): void {}

  /** Not at once: this is told in the middle of an apply. */
  private lookAgain(id: number): void {
    this.hubStream.cancel(id);
    this.watch = undefined;
    queueMicrotask(() => this.look());
  }

  private tell(revision: Revision, record: KeyRecord): void {
    const { writer } = this.face;
    this.face.writeHeader(revision);
    writeKeyValue(writer, LEADER_RECORD, record);
    if (!this.call.send(writer.finish())) this.hubStream.pause();
  }

  onDrain(): void {
    if (!this.over) this.hubStream.resume();
  }

  /** The one request was all the client has to say. */
  onHalfClose(): void {}

  onCancel(): void {
    this.finish();
  }

  leaderLost(): void {
    this.finish();
  }

  /** For the decoder. */
  fail(code: StatusCode, text: string): void {
    this.finish();
    this.call.fail(code, text);
  }

  finish(): void {
    if (this.over) return;
    this.over = true;
    this.leaders.closed(this);
    this.hubStream.close();
  }
}
