/**
 * A watch's answer of very many events: one WatchResponse, or several for a watch that takes fragments. First each is
 * measured, because a message says its size before its bytes; then it is written, a piece a turn and no faster than the
 * client takes it. So however long it is, what is held of it is the list of its events and one piece of its bytes.
 */
import type { Revision, WatchEvent } from '@synod/coordination';
import { WATCH_PIECE_BYTES_MAX, WATCH_PIECE_EVENTS_MEASURED_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { eventSize, writeEvent } from '../messages/key-value.ts';
import { WATCH_EVENTS, writeWatchAnswer } from '../messages/watch.ts';
import type { StreamCall } from '../rpc.ts';

/** The bytes that the fields of an answer other than its events may take. */
export const ANSWER_HEAD_BYTES = 128;

export interface LongWatchAnswerParts {
  readonly face: MemberFace;
  readonly call: StreamCall;
  readonly watchId: number;
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
  /** A message stays below it, unless it has one event; undefined: all is one message. */
  readonly fragmentBytesMax: number | undefined;
  /** Told once, unless it is stopped before; `false`: the client has yet to take what was sent last. */
  readonly done: (hasRoom: boolean) => void;
}

export class LongWatchAnswer {
  private readonly parts: LongWatchAnswerParts;
  /** The events of the present message: measured or, once it was begun, written up to `position`. */
  private from = 0;
  private to = 0;
  private position = 0;
  /** Of the events measured. */
  private bytes = 0;
  /** The present message was measured, and its head is sent. */
  private isBegun = false;
  /** A piece is to be made in a coming turn. */
  private isPlanned = false;
  /** Sent to its end, or given up. Monotonic. */
  private isOver = false;

  constructor(parts: LongWatchAnswerParts) {
    this.parts = parts;
  }

  /** At the beginning, and when the client has room again. */
  goOn(): void {
    if (this.isPlanned) return;
    this.isPlanned = true;
    this.parts.face.turns.add(() => {
      this.isPlanned = false;
      if (!this.isOver) this.piece();
    });
  }

  /** Nothing more is sent. */
  stop(): void {
    this.isOver = true;
  }

  private piece(): void {
    const { events, done } = this.parts;
    const hasRoom = this.isBegun ? this.write() : this.measure();
    if (this.isBegun && this.position === this.to) {
      if (this.to === events.length) {
        this.isOver = true;
        done(hasRoom);
        return;
      }
      this.from = this.to;
      this.bytes = 0;
      this.isBegun = false;
    }
    if (hasRoom) this.goOn();
  }

  /** Looks for the end of the message, and begins it where that is found. @returns whether there is room */
  private measure(): boolean {
    const { events, fragmentBytesMax = Number.POSITIVE_INFINITY } = this.parts;
    const pieceEnd = Math.min(events.length, this.position + WATCH_PIECE_EVENTS_MEASURED_MAX);
    while (this.position < pieceEnd) {
      const size = eventSize(events[this.position]!);
      const isPast = ANSWER_HEAD_BYTES + this.bytes + size >= fragmentBytesMax;
      if (isPast && this.position > this.from) return this.begin();
      this.bytes += size;
      this.position++;
    }
    return this.position < events.length || this.begin();
  }

  private begin(): boolean {
    const { face, call, watchId, revision, events } = this.parts;
    this.to = this.position;
    this.position = this.from;
    this.isBegun = true;
    face.writeHeader(revision);
    writeWatchAnswer(face.writer, { watchId, fragment: this.to < events.length });
    const head = face.writer.finish();
    call.beginMessage(head.length + this.bytes);
    return call.continueMessage(head);
  }

  private write(): boolean {
    const { face, call, events } = this.parts;
    const { writer } = face;
    while (this.position < this.to && writer.length < WATCH_PIECE_BYTES_MAX)
      writeEvent(writer, WATCH_EVENTS, events[this.position++]!);
    return call.continueMessage(writer.finish());
  }
}
