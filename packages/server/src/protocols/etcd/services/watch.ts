/**
 * etcdserverpb.Watch: many watches on one stream. The requests are translated here; what happens to the keys comes from
 * the hub behind the service, which also lets slow streams fall behind without growing. Knows no keyspace.
 */
import { assert, unreachable } from '@synod/consensus';
import type { Revision, WatchEvent, WatchSink, WatchSpec } from '@synod/coordination';
import type { WatchStream } from '@synod/coordination/service/service-api.ts';
import { MESSAGE_OVERHEAD_BYTES } from '../../../grpc/limits.ts';
import { STATUS, STATUS_NAMES, type StatusCode } from '../../../grpc/status.ts';
import { ETCD_ERRORS, type EtcdErrorCode } from '../error-table.ts';
import type { Identity } from '../identity.ts';
import {
  WATCH_ANSWERS_WAITING_BYTES_MAX,
  WATCH_BYTES_AT_ONCE_MAX,
  WATCH_EVENTS_AT_ONCE_MAX,
  WATCHES_PER_STREAM_MAX,
} from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { writeEvent } from '../messages/key-value.ts';
import {
  decodeWatchRequest,
  FILTER_NO_DELETE,
  FILTER_NO_PUT,
  WATCH_EVENTS,
  type WatchAnswer,
  type WatchCreateRequest,
  writeWatchAnswer,
} from '../messages/watch.ts';
import { spanOf } from '../neutral-commands.ts';
import type { ServedMethod, StreamCall, StreamListener } from '../rpc.ts';
import type { LeaderBoundStream, LeaderRequirement } from './leader-requirement.ts';
import { ANSWER_HEAD_BYTES, LongWatchAnswer } from './long-watch-answer.ts';
import type { WatchProgress } from './watch-progress.ts';

export function watchHandlers(
  face: MemberFace,
  leaders: LeaderRequirement,
  progress: WatchProgress,
): readonly (readonly [string, ServedMethod])[] {
  return [
    [
      '/etcdserverpb.Watch/Watch',
      { kind: 'stream', open: (call, identity) => openWatch(face, leaders, progress, call, identity) },
    ],
  ];
}

function openWatch(
  face: MemberFace,
  leaders: LeaderRequirement,
  progress: WatchProgress,
  call: StreamCall,
  identity: Identity,
): StreamListener {
  const stream = new EtcdWatchStream(face, leaders, progress, call, identity);
  if (face.refuses(call, false)) stream.finish();
  else leaders.opened(stream);
  return stream;
}

/** A response with fewer events is not timed: one that its client has room for takes no time that anybody would notice. */
const TIMED_EVENTS_MIN = 16;

/** What `watch_id` says where there is no one watch meant. */
const NO_WATCH_ID = -1;

/** The words of a watch that could not be created: part of the answer, not a status. */
const REFUSALS = {
  duplicateWatchId: 'mvcc: duplicate watch ID provided on the WatchStream',
  emptySpan: 'mvcc: watcher range is empty',
} as const;

/** As etcd's clients print a status: of a watch that is not permitted, etcd says it in this form. */
function statusText(code: EtcdErrorCode): string {
  const { grpcCode, text } = ETCD_ERRORS[code];
  return `rpc error: code = ${STATUS_NAMES[grpcCode]} desc = ${text}`;
}

/** What this protocol remembers of a watch; the rest is the hub's. */
interface OpenWatch {
  /** Large answers are to be split. */
  readonly fragment: boolean;
  /** The client wants bookmarks from time to time. */
  readonly progressNotify: boolean;
  /** Whether events were sent since the last round of bookmarks: then this round needs none. */
  eventsSinceRound: boolean;
}

export class EtcdWatchStream implements StreamListener, WatchSink, LeaderBoundStream {
  readonly call: StreamCall;
  private readonly face: MemberFace;
  private readonly leaders: LeaderRequirement;
  private readonly progressRounds: WatchProgress;
  private readonly identity: Identity;
  private readonly hubStream: WatchStream;
  private readonly watches = new Map<number, OpenWatch>();
  /** Nothing may be sent any more. */
  private over = false;
  /** Whether the client takes what is sent; set when it has caught up. */
  private hasRoom = true;
  /** Events of responses that the client has yet to take, and since when. */
  private heldEvents = 0;
  private heldSinceMs = 0;
  /** What is being sent in pieces. While it is, the hub is paused, and all other answers wait behind it. */
  private long: LongWatchAnswer | undefined;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;

  constructor(
    face: MemberFace,
    leaders: LeaderRequirement,
    progress: WatchProgress,
    call: StreamCall,
    identity: Identity,
  ) {
    this.identity = identity;
    this.face = face;
    this.leaders = leaders;
    this.progressRounds = progress;
    this.call = call;
    this.hubStream = face.service.openWatchStream(this);
  }

  onMessage(bytes: Uint8Array): void {
    if (this.over) return;
    const request = this.face.decodeStreamed(this, bytes, decodeWatchRequest);
    if (request === undefined) return;
    switch (request.kind) {
      case 'create':
        this.create(request.request);
        return;
      case 'cancel':
        this.cancel(request.watchId);
        return;
      case 'progress':
        this.hubStream.requestProgressOfAll();
        return;
      case 'empty':
        // etcd does nothing either: a newer client may ask for what this version does not know.
        return;
      default:
        unreachable(request);
    }
  }

  private create(request: WatchCreateRequest): void {
    if (request.startRevision < 0) {
      this.refuse(ETCD_ERRORS.revisionCompacted.text);
      return;
    }
    if (this.watches.size >= WATCHES_PER_STREAM_MAX) {
      this.refuse(ETCD_ERRORS.tooManyRequests.text);
      return;
    }
    const caller = this.identity.caller();
    if (caller === 'invalidAuthToken') {
      this.refuse(statusText(caller));
      return;
    }
    const creation = this.hubStream.create(specOf(request), caller);
    if (creation.kind === 'forbidden') {
      this.refuse(statusText(creation.reason.code));
      return;
    }
    if (creation.kind === 'refused') {
      this.refuse(REFUSALS[creation.why]);
      return;
    }
    this.watches.set(creation.id, {
      fragment: request.fragment,
      progressNotify: request.progressNotify,
      eventsSinceRound: false,
    });
    if (request.progressNotify) this.progressRounds.opened(this);
    this.answerAsked({ watchId: creation.id, created: true });
  }

  private refuse(reason: string): void {
    this.answerAsked({ watchId: NO_WATCH_ID, created: true, canceled: true, cancelReason: reason });
  }

  /** The cancellation of a watch that is not there has no answer. */
  private cancel(watchId: number): void {
    if (!this.hubStream.cancel(watchId)) return;
    this.watches.delete(watchId);
    this.answerAsked({ watchId, canceled: true });
  }

  /** What a client asked for is done, or is not. */
  private answerAsked(answer: WatchAnswer): void {
    const startedMs = performance.now();
    this.answer(answer, this.face.service.revision);
    this.face.observer.watchAnswered(performance.now() - startedMs);
  }

  /** One round of bookmarks, for the watches that want them and had no events meanwhile. */
  progressRound(): void {
    const startedMs = performance.now();
    for (const [id, watch] of this.watches) {
      if (watch.progressNotify && !watch.eventsSinceRound) this.hubStream.requestProgress(id);
      watch.eventsSinceRound = false;
    }
    this.face.observer.watchProgressTold(performance.now() - startedMs);
  }

  events(id: number, revision: Revision, events: readonly WatchEvent[]): void {
    const watch = this.watches.get(id);
    if (watch === undefined) return;
    watch.eventsSinceRound = true;
    // To read the clock costs as much as to send one event.
    const startedMs = events.length < TIMED_EVENTS_MIN ? undefined : performance.now();
    const fragmentBytesMax = watch.fragment
      ? this.face.options.requestBytesMax + MESSAGE_OVERHEAD_BYTES
      : undefined;
    if (!this.sendAtOnce(id, revision, events, fragmentBytesMax))
      this.sendInPieces(id, revision, events, fragmentBytesMax);
    this.sent(events.length, startedMs);
  }

  /** A response that its client has no room for yet takes until it has. */
  private sent(count: number, startedMs: number | undefined): void {
    const { observer } = this.face;
    if (this.hasRoom) {
      observer.watchEventsSent(count, startedMs === undefined ? 0 : performance.now() - startedMs);
      return;
    }
    if (this.heldEvents === 0) this.heldSinceMs = startedMs ?? performance.now();
    this.heldEvents += count;
    observer.watchEventsHeld(count);
  }

  /** The client took what it had no room for, or never will. */
  private letGo(): void {
    if (this.heldEvents === 0) return;
    const { observer } = this.face;
    observer.watchEventsHeld(-this.heldEvents);
    observer.watchEventsSent(this.heldEvents, performance.now() - this.heldSinceMs);
    this.heldEvents = 0;
  }

  /** `false`, and nothing was sent: it is too long for that. One event cannot be. */
  private sendAtOnce(
    id: number,
    revision: Revision,
    events: readonly WatchEvent[],
    fragmentBytesMax = Number.POSITIVE_INFINITY,
  ): boolean {
    if (events.length > WATCH_EVENTS_AT_ONCE_MAX) return false;
    const { writer } = this.face;
    const bytesMax = Math.min(WATCH_BYTES_AT_ONCE_MAX, fragmentBytesMax - ANSWER_HEAD_BYTES);
    this.face.writeHeader(revision);
    writeWatchAnswer(writer, { watchId: id });
    for (const event of events) {
      writeEvent(writer, WATCH_EVENTS, event);
      if (writer.length <= bytesMax || events.length === 1) continue;
      writer.discard();
      return false;
    }
    this.send(writer.finish());
    return true;
  }

  private sendInPieces(
    watchId: number,
    revision: Revision,
    events: readonly WatchEvent[],
    fragmentBytesMax: number | undefined,
  ): void {
    assert(this.long === undefined, 'the hub tells a paused stream nothing');
    const done = (hasRoom: boolean): void => this.sentLong(hasRoom);
    const { face, call } = this;
    this.long = new LongWatchAnswer({ face, call, watchId, revision, events, fragmentBytesMax, done });
    this.hasRoom = false;
    this.hubStream.pause();
    this.long.goOn();
  }

  private sentLong(hasRoom: boolean): void {
    this.long = undefined;
    for (const bytes of this.waiting) hasRoom = this.call.send(bytes);
    this.waiting = [];
    this.waitingBytes = 0;
    if (hasRoom) this.onDrain();
  }

  /** The one answer of etcd whose header has no revision; why stands in no document. */
  compacted(id: number, compactRevision: Revision): void {
    if (!this.watches.delete(id)) return;
    this.answer({ watchId: id, canceled: true, compactRevision }, 0);
  }

  progress(id: number | undefined, revision: Revision): void {
    if (!this.over) this.answer({ watchId: id ?? NO_WATCH_ID }, revision);
  }

  private answer(answer: WatchAnswer, revision: number): void {
    this.face.writeHeader(revision);
    writeWatchAnswer(this.face.writer, answer);
    this.send(this.face.writer.finish());
  }

  private send(bytes: Uint8Array): void {
    if (this.long !== undefined) {
      this.waitBehind(bytes);
      return;
    }
    if (this.call.send(bytes)) return;
    this.hasRoom = false;
    this.hubStream.pause();
  }

  /** A client can ask without reading what it is told. */
  private waitBehind(bytes: Uint8Array): void {
    this.waitingBytes += bytes.length;
    if (this.waitingBytes <= WATCH_ANSWERS_WAITING_BYTES_MAX) this.waiting.push(bytes);
    else this.fail(STATUS.resourceExhausted, ETCD_ERRORS.tooManyRequests.text);
  }

  onDrain(): void {
    if (this.over) return;
    if (this.long !== undefined) {
      this.long.goOn();
      return;
    }
    this.hasRoom = true;
    this.letGo();
    this.hubStream.resume();
  }

  /** As in etcd, the stream lives on: watches are often opened by clients that never write again. */
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
    this.long?.stop();
    this.waiting = [];
    this.letGo();
    this.leaders.closed(this);
    this.progressRounds.closed(this);
    this.hubStream.close();
    this.watches.clear();
  }
}

function specOf(request: WatchCreateRequest): WatchSpec {
  return {
    id: request.watchId === 0 ? undefined : request.watchId,
    // No key means from the first possible one on; a range may then end where it likes.
    span: spanOf(request.key === '' ? '\0' : request.key, request.rangeEnd),
    startRevision: request.startRevision,
    puts: !request.filters.includes(FILTER_NO_PUT),
    deletes: !request.filters.includes(FILTER_NO_DELETE),
    previous: request.previous,
  };
}
