/**
 * Brings snapshots to replicas that lag behind the log: one file for all of them, in chunks under a window, resumed
 * where the receiver's acknowledgement says. Tells the core how each transfer ended. Knows bytes and offsets only.
 */
import type { SnapshotMeta } from '../core/effects.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';
import { NO_INDEX } from '../core/numbers.ts';
import {
  SNAPSHOT_GIVE_UP_ELECTION_TIMEOUTS,
  SNAPSHOT_MESSAGE_BYTES,
  SNAPSHOT_RETRY_ELECTION_TIMEOUTS,
  SNAPSHOT_WINDOW_BYTES,
} from './limits.ts';
import type { Clock, Disk, DiskError, StateImage } from './ports.ts';
import type { SnapshotFileId, SnapshotMessage } from './snapshot-messages.ts';
import { sameFile } from './snapshot-messages.ts';
import { SnapshotProduction, type SnapshotWritten } from './snapshot-production.ts';

interface SnapshotFile {
  readonly id: SnapshotFileId;
  readonly path: string;
  readonly meta: SnapshotMeta;
  readonly sizeBytes: number;
}

interface Transfer {
  readonly to: MemberId;
  atLeast: LogIndex;
  encodeInstall: (meta: SnapshotMeta) => Uint8Array;
  /** Undefined until there is a file new enough. */
  file: SnapshotFile | undefined;
  /** Everything below is at the receiver. */
  acknowledged: number;
  /** Everything below was sent since the last offer. */
  sent: number;
  /** Whether the receiver answered the last offer, so that chunks may go. */
  accepted: boolean;
  /** Ticks since the receiver's last word. */
  silentTicks: number;
  /** When the file was first offered. */
  offeredAtMs: number;
}

export interface ProductionFacts extends SnapshotWritten {
  readonly milliseconds: number;
  readonly syncMs: number;
}

export interface SnapshotSenderPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly electionTimeoutTicks: number;
  readonly incarnation: number;
  send(to: MemberId, message: SnapshotMessage): void;
  /** An image of the state with its meta, or undefined while there can be none: ask again later. */
  capture(): { readonly image: StateImage; readonly meta: SnapshotMeta } | undefined;
  /** Ended: at this index, or 0 if it failed. */
  finished(to: MemberId, index: LogIndex, bytes: number, milliseconds: number): void;
  produced(index: LogIndex, facts: ProductionFacts): void;
  failed(error: DiskError): void;
}

export class SnapshotSender {
  private readonly ports: SnapshotSenderPorts;
  private readonly transfers = new Map<MemberId, Transfer>();
  /** The newest whole file made in this life. */
  private file: SnapshotFile | undefined;
  private producing = false;
  /** The number of the next file; rises within a life. */
  private nextNumber = 1;
  private stopped = false;

  constructor(ports: SnapshotSenderPorts) {
    this.ports = ports;
  }

  /** Begins or renews a transfer. */
  start(to: MemberId, atLeast: LogIndex, encodeInstall: (meta: SnapshotMeta) => Uint8Array): void {
    const running = this.transfers.get(to);
    if (running !== undefined && (running.file === undefined || running.file.meta.index >= atLeast)) {
      running.atLeast = atLeast;
      running.encodeInstall = encodeInstall;
      return;
    }
    this.transfers.set(to, {
      to,
      atLeast,
      encodeInstall,
      file: undefined,
      acknowledged: 0,
      sent: 0,
      accepted: false,
      silentTicks: 0,
      offeredAtMs: 0,
    });
    this.assignFiles();
  }

  /** Who is being sent a file. */
  get recipients(): MemberId[] {
    return [...this.transfers.values()].filter(({ file }) => file !== undefined).map(({ to }) => to);
  }

  isSendingTo(member: MemberId): boolean {
    return this.transfers.has(member);
  }

  /** The lowest index whose following entries a receiver will need; undefined if none is on its way. */
  get neededAfter(): LogIndex | undefined {
    let lowest: LogIndex | undefined;
    for (const { file } of this.transfers.values())
      if (file !== undefined && (lowest === undefined || file.meta.index < lowest)) lowest = file.meta.index;
    return lowest;
  }

  /** Files that must stay. */
  pathsInUse(): Set<string> {
    const paths = new Set<string>();
    if (this.file !== undefined) paths.add(this.file.path);
    for (const { file } of this.transfers.values()) if (file !== undefined) paths.add(file.path);
    return paths;
  }

  /** The log was trimmed: a file from before it helps nobody any more. */
  forgetBelow(trimmedIndex: LogIndex): void {
    if (this.file !== undefined && this.file.meta.index < trimmedIndex) this.file = undefined;
  }

  /** The core wants none of them any more. */
  abandon(): void {
    this.transfers.clear();
  }

  stop(): void {
    this.stopped = true;
    this.transfers.clear();
  }

  tick(): void {
    const { electionTimeoutTicks } = this.ports;
    for (const transfer of [...this.transfers.values()]) {
      if (transfer.file === undefined) continue;
      transfer.silentTicks++;
      if (transfer.silentTicks > SNAPSHOT_GIVE_UP_ELECTION_TIMEOUTS * electionTimeoutTicks)
        this.finish(transfer, NO_INDEX);
      else if (transfer.silentTicks % (SNAPSHOT_RETRY_ELECTION_TIMEOUTS * electionTimeoutTicks) === 0)
        this.offer(transfer, transfer.file);
    }
    this.assignFiles();
  }

  acknowledged(from: MemberId, message: Extract<SnapshotMessage, { kind: 'acknowledgement' }>): void {
    const transfer = this.transfers.get(from);
    const file = transfer?.file;
    if (transfer === undefined || file === undefined || !sameFile(file.id, message.file)) return;
    transfer.silentTicks = 0;
    switch (message.state) {
      case 'installed':
        this.finish(transfer, file.meta.index);
        return;
      case 'refused':
        this.finish(transfer, NO_INDEX);
        return;
      case 'verifying':
        return;
      case 'receiving':
        if (message.offset > file.sizeBytes) return;
        // The first answer to an offer says where to go on; later ones only move the window.
        if (!transfer.accepted) transfer.sent = message.offset;
        transfer.accepted = true;
        transfer.acknowledged = message.offset;
        transfer.sent = Math.max(transfer.sent, message.offset);
        this.sendChunks(transfer, file);
        return;
    }
  }

  private assignFiles(): void {
    if (this.stopped) return;
    for (const transfer of this.transfers.values()) {
      if (transfer.file !== undefined) continue;
      if (this.file !== undefined && this.file.meta.index >= transfer.atLeast) {
        transfer.file = this.file;
        transfer.offeredAtMs = this.ports.clock.nowMs();
        this.offer(transfer, this.file);
      } else this.produce();
    }
  }

  private produce(): void {
    if (this.producing) return;
    const captured = this.ports.capture();
    if (captured === undefined) return;
    this.producing = true;
    const { meta, image } = captured;
    const startedMs = this.ports.clock.nowMs();
    new SnapshotProduction(this.ports, image, meta, (result, written) => {
      this.producing = false;
      if (this.stopped) return;
      switch (result.kind) {
        case 'disk':
          this.ports.failed(result.error);
          return;
        case 'malformed':
          this.ports.failed({ kind: 'failed', path: `snapshot at ${meta.index}`, detail: result.detail });
          return;
        case 'sealed': {
          const id = { incarnation: this.ports.incarnation, number: this.nextNumber++ };
          this.file = { id, path: result.path, meta, sizeBytes: written.bytes };
          const milliseconds = this.ports.clock.nowMs() - startedMs;
          this.ports.produced(meta.index, { ...written, milliseconds, syncMs: result.syncMs });
          this.assignFiles();
          return;
        }
      }
    });
  }

  private offer(transfer: Transfer, file: SnapshotFile): void {
    transfer.accepted = false;
    const install = transfer.encodeInstall(file.meta);
    const { id, meta, sizeBytes } = file;
    this.ports.send(transfer.to, { kind: 'offer', file: id, index: meta.index, sizeBytes, install });
  }

  private sendChunks(transfer: Transfer, file: SnapshotFile): void {
    while (transfer.sent < file.sizeBytes && transfer.sent - transfer.acknowledged < SNAPSHOT_WINDOW_BYTES) {
      const offset = transfer.sent;
      const bytes = this.ports.disk.read(file.path, offset, SNAPSHOT_MESSAGE_BYTES);
      transfer.sent += bytes.length;
      this.ports.send(transfer.to, { kind: 'chunk', file: file.id, offset, bytes });
    }
  }

  private finish(transfer: Transfer, index: LogIndex): void {
    this.transfers.delete(transfer.to);
    const milliseconds = this.ports.clock.nowMs() - transfer.offeredAtMs;
    this.ports.finished(transfer.to, index, transfer.acknowledged, milliseconds);
  }
}
