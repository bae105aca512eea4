/**
 * The last steps of every snapshot file, made here or received: sync, read back and verify, rename. Only then does
 * the file have a name that a restart would trust.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import { DiskFailure } from '../journal/disk-failure.ts';
import { SnapshotFileReader } from '../journal/snapshot-file.ts';
import { SNAPSHOT_BYTES_PER_TURN } from './limits.ts';
import type { Clock, Disk, DiskError } from './ports.ts';
import { snapshotPath } from './snapshot-names.ts';

export type SealResult =
  | {
      readonly kind: 'sealed';
      readonly meta: SnapshotMeta;
      readonly path: string;
      /** How long the sync took. */
      readonly syncMs: number;
    }
  /** The bytes are not a snapshot file, or not a whole one. */
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'disk'; readonly error: DiskError };

interface SealPorts {
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'defer'>;
}

export function sealSnapshotFile(
  ports: SealPorts & { readonly clock: Pick<Clock, 'nowMs'> },
  partPath: string,
  done: (result: SealResult) => void,
): void {
  const { disk, clock } = ports;
  const startedMs = clock.nowMs();
  disk.sync(partPath, (syncError) => {
    const syncMs = clock.nowMs() - startedMs;
    if (syncError !== undefined) return done({ kind: 'disk', error: syncError });
    readWholeFile(ports, partPath, {
      piece: () => {},
      end: (meta) => {
        const path = snapshotPath(meta.index);
        disk.rename(partPath, path, (error) => {
          done(error === undefined ? { kind: 'sealed', meta, path, syncMs } : { kind: 'disk', error });
        });
      },
      failed: done,
    });
  });
}

export interface FileVisitor {
  piece(bytes: Uint8Array): void;
  end(meta: SnapshotMeta): void;
  failed(result: Exclude<SealResult, { kind: 'sealed' }>): void;
}

/** Reads a snapshot file to its end, a bounded amount a turn. `piece` may throw MalformedBytes too. */
export function readWholeFile(ports: SealPorts, path: string, visitor: FileVisitor): void {
  let reader: SnapshotFileReader | undefined;
  const turn = (): void => {
    let end: SnapshotMeta | undefined;
    try {
      reader ??= new SnapshotFileReader(ports.disk, path);
      end = readSome(reader, visitor);
    } catch (error) {
      visitor.failed(toFailure(error));
      return;
    }
    if (end === undefined) ports.clock.defer(turn);
    else visitor.end(end);
  };
  turn();
}

/** One turn's worth. The meta once the file is at its end, undefined before. */
function readSome(reader: SnapshotFileReader, visitor: FileVisitor): SnapshotMeta | undefined {
  for (let bytes = 0; bytes < SNAPSHOT_BYTES_PER_TURN; ) {
    const piece = reader.next();
    if (piece === undefined) return reader.meta;
    bytes += piece.length;
    visitor.piece(piece);
  }
  return undefined;
}

function toFailure(error: unknown): Exclude<SealResult, { kind: 'sealed' }> {
  if (error instanceof MalformedBytes) return { kind: 'malformed', detail: error.message };
  if (error instanceof DiskFailure) return { kind: 'disk', error: error.diskError };
  throw error;
}
