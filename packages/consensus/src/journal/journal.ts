/**
 * The durable log. Everything appended while one write runs joins the next frame (group commit), and frame n+1 is
 * written only after frame n is durable: that order is what recovery rests on. Any error of the disk ends it
 * (pitfall 26: a failed sync is never tried again). Knows records, never what entries mean.
 */

import { assert } from '../core/assert.ts';
import type { LogRecord, SnapshotMeta } from '../core/effects.ts';
import { GROUP_ZERO, NO_TICKET, type Ticket } from '../core/numbers.ts';
import type { DiskError } from '../replica/ports.ts';
import type { FrameKind } from './frame.ts';
import { FrameBuffer } from './frame-buffer.ts';
import type { JournalIdentity } from './identity.ts';
import { lifeOf } from './life.ts';
import type { SegmentFiles } from './segment-files.ts';

export interface JournalHandlers {
  /** The write with this ticket and every earlier one survives a power cut. */
  durable(ticket: Ticket): void;
  /** Nothing more will become durable: the member must stop. Called once. */
  failed(error: DiskError): void;
  /** One frame was made durable, in so many milliseconds. */
  synced(bytes: number, milliseconds: number): void;
}

export interface JournalStart {
  readonly identity: JournalIdentity;
  readonly incarnation: number;
  readonly salt: number;
  /** The sequence of the next frame. */
  readonly nextSequence: number;
  readonly hardState: Uint8Array | undefined;
  readonly base: SnapshotMeta | undefined;
}

export class Journal {
  readonly identity: JournalIdentity;
  /** This life of the member: rises with every start, durable before the journal is handed out. */
  readonly incarnation: number;
  /** See `lifeOf`. */
  readonly life: number;
  private readonly salt: number;
  private readonly files: SegmentFiles;
  private readonly nowMs: () => number;
  private handlers: JournalHandlers | undefined;
  /** The sequence of the next frame. Monotone. */
  private nextSequence: number;
  /** The last durable hard state, repeated in every preamble. */
  private hardState: Uint8Array | undefined;
  /** The last durable snapshot or trim record, repeated likewise. Its index never falls. */
  private base: SnapshotMeta | undefined;
  /** Frames not yet handed to the disk, oldest first; the last may still take records. */
  private readonly waiting: FrameBuffer[] = [];
  /** Emptied buffers, for reuse: two alternate. */
  private readonly spare: FrameBuffer[] = [];
  /** Whether a frame is on its way to the disk. */
  private writing = false;
  private failure: DiskError | undefined;
  /** Monotone. */
  private durableTicket: Ticket = NO_TICKET;
  private whenClosed: (() => void) | undefined;
  private closing = false;

  constructor(start: JournalStart, files: SegmentFiles, nowMs: () => number) {
    this.identity = start.identity;
    this.incarnation = start.incarnation;
    this.salt = start.salt;
    this.life = lifeOf(start);
    this.nextSequence = start.nextSequence;
    this.hardState = start.hardState;
    this.base = start.base;
    this.files = files;
    this.nowMs = nowMs;
  }

  /** Whom to tell. Before the first append. */
  attach(handlers: JournalHandlers): void {
    assert(this.handlers === undefined, 'a journal has one owner');
    this.handlers = handlers;
    if (this.failure !== undefined) handlers.failed(this.failure);
  }

  get sizeBytes(): number {
    return this.files.sizeBytes;
  }

  get segmentCount(): number {
    return this.files.count;
  }

  /** Queues records that become durable together; `flush` starts the write. Tickets rise. */
  append(ticket: Ticket, records: readonly LogRecord[]): void {
    assert(!this.closing, 'nothing is appended to a closed journal');
    const frame = this.filling();
    assert(ticket > this.durableTicket && ticket > frame.ticket, 'tickets rise');
    for (const record of records) frame.add(record);
    frame.ticket = ticket;
  }

  /**
   * The log now begins after `meta.index`, whose state is durable elsewhere. Segments with nothing above it are
   * removed once that is itself durable.
   */
  trim(meta: SnapshotMeta): void {
    if (this.closing || meta.index <= (this.base?.index ?? 0)) return;
    this.filling().add({ kind: 'trim', meta });
    this.flush();
  }

  /** Starts writing what is queued, unless a write runs: then it follows by itself. */
  flush(): void {
    if (this.writing || this.failure !== undefined) return;
    const frame = this.waiting.shift();
    if (frame === undefined) return;
    this.writing = true;
    if (this.files.hasRoom(frame.sealedBytes)) this.write(frame);
    else this.rotate(frame.sealedBytes, () => this.write(frame));
  }

  /** Begins the first segment, or the next one. Only when nothing is being written. */
  rotate(roomBytes: number, done: () => void): void {
    const preamble = new FrameBuffer();
    preamble.add({ kind: 'identity', identity: this.identity });
    preamble.add({ kind: 'boot', incarnation: this.incarnation });
    if (this.hardState !== undefined) preamble.add({ kind: 'hardState', state: this.hardState });
    if (this.base !== undefined) preamble.add({ kind: 'trim', meta: this.base });
    const bytes = this.seal(preamble, 'preamble');
    this.files.begin(this.nextSequence, bytes, roomBytes, () => {
      this.nextSequence++;
      done();
    });
  }

  /** Records this life's number durably in a journal that existed before. */
  recordBoot(done: () => void): void {
    const frame = new FrameBuffer();
    frame.add({ kind: 'boot', incarnation: this.incarnation });
    const write = () =>
      this.files.write(this.seal(frame, 'records'), 0, () => {
        this.nextSequence++;
        done();
      });
    if (this.files.hasRoom(frame.sealedBytes)) write();
    else this.rotate(frame.sealedBytes, write);
  }

  /** Finishes what is queued, then calls back. After a failure of the disk: at once. */
  close(done: () => void): void {
    this.closing = true;
    const earlier = this.whenClosed;
    this.whenClosed = () => {
      earlier?.();
      done();
    };
    this.flush();
    this.noticeClosed();
  }

  /** Called by the files and by nobody else: ends the journal. */
  fail(error: DiskError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.handlers?.failed(error);
    this.noticeClosed();
  }

  private filling(): FrameBuffer {
    const last = this.waiting.at(-1);
    if (last !== undefined && !last.isFull) return last;
    const fresh = this.spare.pop() ?? new FrameBuffer();
    this.waiting.push(fresh);
    return fresh;
  }

  private seal(frame: FrameBuffer, kind: FrameKind): Uint8Array {
    return frame.seal({
      kind,
      group: GROUP_ZERO,
      salt: this.salt,
      sequence: this.nextSequence,
      incarnation: this.incarnation,
    });
  }

  private write(frame: FrameBuffer): void {
    const bytes = this.seal(frame, 'records');
    const startedMs = this.nowMs();
    this.files.write(bytes, frame.highestIndex, () => this.wrote(frame, this.nowMs() - startedMs));
  }

  private wrote(frame: FrameBuffer, milliseconds: number): void {
    const { ticket, base, sealedBytes } = frame;
    this.nextSequence++;
    if (frame.hardState !== undefined) this.hardState = frame.hardState;
    if (base !== undefined) {
      if (base.index >= (this.base?.index ?? 0)) this.base = base;
      this.files.trim(base.index);
    }
    frame.reset();
    if (this.spare.length < 2) this.spare.push(frame);
    this.writing = false;
    // The next frame first: the disk works while the owner does what this one allowed.
    this.flush();
    this.handlers?.synced(sealedBytes, milliseconds);
    if (ticket !== NO_TICKET) {
      this.durableTicket = ticket;
      this.handlers?.durable(ticket);
    }
    this.noticeClosed();
  }

  private noticeClosed(): void {
    if (this.whenClosed === undefined) return;
    if (this.failure !== undefined) this.closed();
    else if (!this.writing && this.waiting.length === 0) this.files.close(() => this.closed());
  }

  private closed(): void {
    const done = this.whenClosed;
    this.whenClosed = undefined;
    done?.();
  }
}
