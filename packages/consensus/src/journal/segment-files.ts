/**
 * The journal's files as a row: the one being written, the older ones still needed, and the next, made ready in
 * the background so that a rotation does not wait for zeros. Knows offsets and sizes, not what frames hold.
 */
import type { Disk, DiskError } from '../replica/ports.ts';
import type { RecoveredSegment } from './recovery.ts';
import { PREPARED_SEGMENT_PATH, segmentPath } from './segment-name.ts';

interface Segment {
  readonly path: string;
  readonly sizeBytes: number;
  /** The highest entry index in it; 0 if there is none. Rises while it is the last. Written by `wrote`. */
  highestIndex: number;
}

/** What became of the file for the next segment. */
type Prepared =
  | { readonly kind: 'none' }
  | { readonly kind: 'making' }
  | { readonly kind: 'ready'; readonly sizeBytes: number };

export class SegmentFiles {
  private readonly disk: Disk;
  private readonly segmentBytes: number;
  private readonly failed: (error: DiskError) => void;
  /** Oldest first; the last is being written. */
  private readonly segments: Segment[];
  /** Where the next frame goes in the last segment. Rises within one. */
  private endOffset: number;
  private prepared: Prepared = { kind: 'none' };
  /** Who waits for `prepared` to be ready. */
  private whenPrepared: (() => void) | undefined;
  /** Segments whose entries are all at or below may go. Monotone. */
  private trimmedIndex = 0;
  private removing = false;
  private closed = false;
  private whenIdle: (() => void) | undefined;

  constructor(options: {
    readonly disk: Disk;
    readonly segmentBytes: number;
    readonly segments: readonly RecoveredSegment[];
    readonly endOffset: number;
    readonly failed: (error: DiskError) => void;
  }) {
    this.disk = options.disk;
    this.segmentBytes = options.segmentBytes;
    this.failed = options.failed;
    this.segments = options.segments.map((segment) => ({ ...segment }));
    this.endOffset = options.endOffset;
  }

  get count(): number {
    return this.segments.length;
  }

  /** Bytes of all segments on the disk, the unused part of the last included. */
  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  hasRoom(bytes: number): boolean {
    const last = this.segments.at(-1);
    return last !== undefined && this.endOffset + bytes <= last.sizeBytes;
  }

  /** Appends durably to the last segment, which has room. */
  write(bytes: Uint8Array, highestIndex: number, done: () => void): void {
    const last = this.segments.at(-1)!;
    this.disk.writeDurably(last.path, this.endOffset, [bytes], (error) => {
      if (error !== undefined) return this.failed(error);
      this.endOffset += bytes.length;
      last.highestIndex = Math.max(last.highestIndex, highestIndex);
      if (this.endOffset > last.sizeBytes / 2) this.prepare(this.segmentBytes);
      done();
    });
  }

  /**
   * Begins a segment with room for its preamble and `roomBytes` more. The name appears only when the preamble is
   * durable, so a named segment without a sound preamble is damaged, never unfinished.
   */
  begin(firstSequence: number, preamble: Uint8Array, roomBytes: number, done: () => void): void {
    const sizeBytes = Math.max(this.segmentBytes, preamble.length + roomBytes);
    this.withPrepared(sizeBytes, (preparedBytes) => {
      this.disk.writeDurably(PREPARED_SEGMENT_PATH, 0, [preamble], (writeError) => {
        if (writeError !== undefined) return this.failed(writeError);
        const path = segmentPath(firstSequence);
        this.disk.rename(PREPARED_SEGMENT_PATH, path, (renameError) => {
          if (renameError !== undefined) return this.failed(renameError);
          this.prepared = { kind: 'none' };
          this.segments.push({ path, sizeBytes: preparedBytes, highestIndex: 0 });
          this.endOffset = preamble.length;
          this.removeTrimmed();
          done();
        });
      });
    });
  }

  /** Lets go of every segment but the last whose entries are all at or below `index`. */
  trim(index: number): void {
    this.trimmedIndex = Math.max(this.trimmedIndex, index);
    this.removeTrimmed();
  }

  /** Starts nothing new in the background, and calls back when nothing is under way there. */
  close(done: () => void): void {
    this.closed = true;
    this.whenIdle = done;
    this.noticeIdle();
  }

  private withPrepared(sizeBytes: number, ready: (preparedBytes: number) => void): void {
    const prepared = this.prepared;
    switch (prepared.kind) {
      case 'ready':
        if (prepared.sizeBytes >= sizeBytes) {
          ready(prepared.sizeBytes);
          return;
        }
        // Prepared at the usual size, and a frame came that is larger: make another one.
        this.disk.remove(PREPARED_SEGMENT_PATH, (error) => {
          if (error !== undefined) return this.failed(error);
          this.prepared = { kind: 'none' };
          this.withPrepared(sizeBytes, ready);
        });
        return;
      case 'making':
        this.whenPrepared = () => this.withPrepared(sizeBytes, ready);
        return;
      case 'none':
        this.whenPrepared = () => this.withPrepared(sizeBytes, ready);
        this.make(sizeBytes);
        return;
    }
  }

  private prepare(sizeBytes: number): void {
    if (this.prepared.kind === 'none' && !this.closed) this.make(sizeBytes);
  }

  private make(sizeBytes: number): void {
    this.prepared = { kind: 'making' };
    this.disk.create(PREPARED_SEGMENT_PATH, sizeBytes, (error) => {
      if (error !== undefined) return this.failed(error);
      this.prepared = { kind: 'ready', sizeBytes };
      const waiting = this.whenPrepared;
      this.whenPrepared = undefined;
      waiting?.();
      this.noticeIdle();
    });
  }

  /** Oldest first and one after the other, so that a crash leaves a row without gaps. */
  private removeTrimmed(): void {
    const oldest = this.segments[0];
    if (this.removing || this.closed || this.segments.length < 2) return;
    if (oldest === undefined || oldest.highestIndex > this.trimmedIndex) return;
    this.removing = true;
    this.disk.remove(oldest.path, (error) => {
      this.removing = false;
      if (error !== undefined) return this.failed(error);
      this.segments.shift();
      this.removeTrimmed();
      this.noticeIdle();
    });
  }

  private noticeIdle(): void {
    if (!this.closed || this.removing || this.prepared.kind === 'making') return;
    const done = this.whenIdle;
    this.whenIdle = undefined;
    done?.();
  }
}
