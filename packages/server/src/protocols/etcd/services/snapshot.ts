/**
 * etcdserverpb.Maintenance/Snapshot: this member's whole state, as of one entry, in the form of a backup. A piece at a
 * time, with rests in between, and a slow client is waited for: so neither memory nor other clients suffer.
 */
import type { ServiceFailure, StateBackup } from '@synod/coordination/service/service-api.ts';
import { BackupWriter } from '../../../backup/backup-format.ts';
import type { StatusCode } from '../../../grpc/status.ts';
import { BACKUP_REST_FACTOR, BACKUP_REST_MS_MIN } from '../limits.ts';
import { type MemberFace, passOver } from '../member-face.ts';
import { snapshotResponse } from '../messages/rare-messages.ts';
import type { StreamCall, StreamListener } from '../rpc.ts';

export function openSnapshot(face: MemberFace, call: StreamCall): StreamListener {
  return new Snapshot(face, call);
}

class Snapshot implements StreamListener {
  private readonly face: MemberFace;
  private readonly call: StreamCall;
  private readonly writer = new BackupWriter();
  private isAsked = false;
  /** undefined until it has begun. */
  private backup: StateBackup | undefined;
  private bytesSent = 0;
  /** A piece is to be read as soon as the client has taken what there is. */
  private waitsForRoom = false;
  private timer: NodeJS.Timeout | undefined = undefined;
  /** Nothing may be sent any more. Monotonic. */
  private over = false;

  constructor(face: MemberFace, call: StreamCall) {
    this.face = face;
    this.call = call;
  }

  onMessage(bytes: Uint8Array): void {
    if (this.over || this.isAsked) return;
    if (this.face.decodeStreamed(this, bytes, passOver) === undefined || this.face.refuses(this, false))
      return;
    this.isAsked = true;
    this.face.service.backup({ complete: (backup) => this.begin(backup) });
  }

  private begin(backup: StateBackup | ServiceFailure): void {
    if (this.over) {
      if (backup.kind === 'stateBackup') backup.close();
      return;
    }
    if (backup.kind === 'serviceFailure') {
      this.face.failWith(this, backup);
      return;
    }
    this.backup = backup;
    const { index, revision } = backup;
    const { clusterId, memberId } = this.face.service;
    this.tell(this.writer.begin({ index, revision, clusterId, memberId }), false);
    setImmediate(() => this.goOn());
  }

  private goOn(): void {
    if (this.over) return;
    const begunMs = performance.now();
    const piece = this.backup!.next();
    if (piece === undefined) {
      this.tell(this.writer.end(), true);
      this.end();
      this.call.finish();
      return;
    }
    const hasRoom = this.tell(this.writer.add(piece), false);
    const restMs = Math.max(BACKUP_REST_MS_MIN, (performance.now() - begunMs) * BACKUP_REST_FACTOR);
    if (hasRoom) this.timer = setTimeout(() => this.goOn(), restMs);
    else this.waitsForRoom = true;
  }

  /** @returns false while the client has more to read than it takes */
  private tell(blob: Uint8Array, isLast: boolean): boolean {
    this.bytesSent += blob.length;
    const { face } = this;
    const { version, storedBytes, revision } = { ...this.backup!, version: face.storageVersion };
    // Nobody counts an image before it is written: until the end the store's size has to do.
    const remaining_bytes = isLast ? 0 : Math.max(1, storedBytes - this.bytesSent);
    face.writeHeader(revision);
    snapshotResponse.encode(face.writer, { remaining_bytes, blob, version });
    return this.call.send(face.writer.finish());
  }

  private end(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.backup?.close();
  }

  metadata(name: string): string | undefined {
    return this.call.metadata(name);
  }

  fail(code: StatusCode, text: string): void {
    this.end();
    this.call.fail(code, text);
  }

  onHalfClose(): void {}

  onDrain(): void {
    if (!this.waitsForRoom) return;
    this.waitsForRoom = false;
    this.goOn();
  }

  onCancel(): void {
    this.end();
  }
}
