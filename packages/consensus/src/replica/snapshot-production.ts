/** Writes an image of the state to a snapshot file, a bounded amount a turn, while the state goes on changing. */
import type { SnapshotMeta } from '../core/effects.ts';
import { SnapshotFileEncoder } from '../journal/snapshot-file.ts';
import { SNAPSHOT_BYTES_PER_SYNC, SNAPSHOT_BYTES_PER_TURN, SNAPSHOT_WRITING_BYTES_MAX } from './limits.ts';
import type { Clock, Disk, StateImage } from './ports.ts';
import { snapshotPartPath } from './snapshot-names.ts';
import { type SealResult, sealSnapshotFile } from './snapshot-seal.ts';

export interface SnapshotWritten {
  readonly bytes: number;
  /** Spent on reading the image and encoding it. */
  readonly encodingMs: number;
}

export class SnapshotProduction {
  private readonly disk: Disk;
  private readonly clock: Clock;
  private readonly image: StateImage;
  private readonly path: string;
  private readonly done: (result: SealResult, written: SnapshotWritten) => void;
  private readonly encoder = new SnapshotFileEncoder();
  /** Bytes handed to the disk and not yet written. */
  private writingBytes = 0;
  /** Bytes handed to the disk since the last sync. */
  private unsyncedBytes = 0;
  /** Whether the image is at its end and the footer was handed to the disk. */
  private encoded = false;
  private scheduled = false;
  private ended = false;
  private encodingMs = 0;

  /** Owns `image` and closes it. */
  constructor(
    ports: { readonly disk: Disk; readonly clock: Clock },
    image: StateImage,
    meta: SnapshotMeta,
    done: (result: SealResult, written: SnapshotWritten) => void,
  ) {
    this.disk = ports.disk;
    this.clock = ports.clock;
    this.image = image;
    this.done = done;
    this.path = snapshotPartPath(meta.index, 'own');
    this.disk.remove(this.path, (removeError) => {
      if (removeError !== undefined) return this.end({ kind: 'disk', error: removeError });
      this.disk.create(this.path, 0, (createError) => {
        if (createError !== undefined) return this.end({ kind: 'disk', error: createError });
        this.write(this.encoder.header(meta));
        this.turn();
      });
    });
  }

  private turn(): void {
    this.scheduled = false;
    if (this.ended || this.encoded) return;
    const startedMs = this.clock.nowMs();
    this.encodeSome();
    this.encodingMs += this.clock.nowMs() - startedMs;
    this.continueLater();
  }

  private encodeSome(): void {
    const stopAt = this.encoder.offset + SNAPSHOT_BYTES_PER_TURN;
    while (this.encoder.offset < stopAt && this.writingBytes < SNAPSHOT_WRITING_BYTES_MAX) {
      const piece = this.image.next();
      if (piece === undefined) {
        this.encoded = true;
        this.image.close();
        this.write(this.encoder.footer());
        return;
      }
      if (piece.length > 0) this.write(this.encoder.piece(piece));
    }
  }

  private continueLater(): void {
    if (this.scheduled || this.encoded || this.writingBytes >= SNAPSHOT_WRITING_BYTES_MAX) return;
    this.scheduled = true;
    this.clock.defer(() => this.turn());
  }

  private write(bytes: Uint8Array): void {
    this.writingBytes += bytes.length;
    this.unsyncedBytes += bytes.length;
    this.disk.write(this.path, this.encoder.offset - bytes.length, [bytes], (error) => {
      this.writingBytes -= bytes.length;
      if (this.ended) return;
      if (error !== undefined) return this.end({ kind: 'disk', error });
      if (!this.encoded) this.continueLater();
      else if (this.writingBytes === 0)
        sealSnapshotFile({ disk: this.disk, clock: this.clock }, this.path, (result) => this.end(result));
    });
    if (this.unsyncedBytes < SNAPSHOT_BYTES_PER_SYNC) return;
    this.unsyncedBytes = 0;
    this.disk.sync(this.path, (error) => {
      if (error !== undefined) this.end({ kind: 'disk', error });
    });
  }

  private end(result: SealResult): void {
    if (this.ended) return;
    this.ended = true;
    if (!this.encoded) this.image.close();
    this.done(result, { bytes: this.encoder.offset, encodingMs: this.encodingMs });
  }
}
