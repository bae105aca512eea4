/** One frame while it fills: records are encoded as they come, once, behind the room for the header. */
import { ByteWriter } from '../bytes/writer.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import { type GroupNumber, NO_TICKET, type Ticket } from '../core/numbers.ts';
import { FRAME_ALIGNMENT_BYTES, FRAME_HEADER_BYTES, type FrameKind, sealFrame } from './frame.ts';
import { FRAME_BUFFER_KEPT_BYTES_MAX, FRAME_BYTES_SOFT_MAX } from './limits.ts';
import { type JournalRecord, writeRecord } from './records.ts';

const ROOM_FOR_HEADER = new Uint8Array(FRAME_HEADER_BYTES);
const PADDING = new Uint8Array(FRAME_ALIGNMENT_BYTES);

export interface FrameStamp {
  readonly kind: FrameKind;
  readonly group: GroupNumber;
  readonly salt: number;
  readonly sequence: number;
  readonly incarnation: number;
}

export class FrameBuffer {
  private writer = new ByteWriter();
  /** The highest ticket whose records are in here; 0 if none has one. */
  ticket: Ticket = NO_TICKET;
  /** The highest entry index in here; 0 if there is none. */
  highestIndex = 0;
  /** The last hard state in here, for the preambles written after this frame is durable. */
  hardState: Uint8Array | undefined;
  /** The last snapshot or trim record in here, for the same. */
  base: SnapshotMeta | undefined;

  constructor() {
    this.writer.raw(ROOM_FOR_HEADER);
  }

  get isEmpty(): boolean {
    return this.writer.length === FRAME_HEADER_BYTES;
  }

  get isFull(): boolean {
    return this.writer.length >= FRAME_BYTES_SOFT_MAX;
  }

  /** What it takes in a segment once sealed. */
  get sealedBytes(): number {
    return Math.ceil(this.writer.length / FRAME_ALIGNMENT_BYTES) * FRAME_ALIGNMENT_BYTES;
  }

  add(record: JournalRecord): void {
    writeRecord(this.writer, record);
    switch (record.kind) {
      case 'entry':
        if (record.entry.index > this.highestIndex) this.highestIndex = record.entry.index;
        return;
      case 'hardState':
        this.hardState = record.state;
        return;
      case 'snapshot':
      case 'trim':
        if (record.meta.index >= (this.base?.index ?? 0)) this.base = record.meta;
        return;
      case 'identity':
      case 'boot':
        return;
    }
  }

  /** The whole frame, padded; valid until `reset`. */
  seal(stamp: FrameStamp): Uint8Array {
    const payloadBytes = this.writer.length - FRAME_HEADER_BYTES;
    this.writer.raw(PADDING.subarray(0, this.sealedBytes - this.writer.length));
    const bytes = this.writer.finish();
    sealFrame(bytes, { ...stamp, payloadBytes });
    return bytes;
  }

  /** Makes it empty again, in the same memory unless that grew too large. */
  reset(): void {
    if (this.writer.length > FRAME_BUFFER_KEPT_BYTES_MAX) this.writer = new ByteWriter();
    else this.writer.reset();
    this.writer.raw(ROOM_FOR_HEADER);
    this.ticket = NO_TICKET;
    this.highestIndex = 0;
    this.hardState = undefined;
    this.base = undefined;
  }
}
