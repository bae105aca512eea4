/** One member's data directory: taken for this process, with the disk and the backend in it. */
import { describeDiskError } from '@synod/consensus';
import { LmdbBackend, type LmdbBackendOptions } from '../storage/lmdb-backend.ts';
import { NodeDisk, toDiskError } from '../storage/node-disk.ts';
import { type DataDirectoryError, lockDataDirectory } from '../storage/node-disk-lock.ts';
import { StartFailure } from './start-failure.ts';

export interface MemberStorage {
  readonly disk: NodeDisk;
  readonly backend: LmdbBackend;
  /** Closes both and gives the directory up. */
  close(): Promise<void>;
}

/** @throws StartFailure */
export function openStorage(
  directory: string,
  told: Pick<LmdbBackendOptions, 'committed' | 'defragmented'>,
): MemberStorage {
  const locked = lockDataDirectory(directory);
  if (!locked.ok) throw new StartFailure(describeDirectoryError(locked.error));
  try {
    const disk = new NodeDisk(directory);
    const backend = new LmdbBackend({ directory, ...told });
    return {
      disk,
      backend,
      async close() {
        await backend.close();
        disk.close();
        locked.lock.release();
      },
    };
  } catch (error) {
    locked.lock.release();
    throw new StartFailure(describeDiskError(toDiskError(directory, error as NodeJS.ErrnoException)));
  }
}

function describeDirectoryError(error: DataDirectoryError): string {
  switch (error.kind) {
    case 'inUse':
      return `the data directory ${error.directory} is in use by process ${error.processId}. Stop that member, or give this one its own --data-dir.`;
    case 'noPlace':
      return `the data directory ${error.directory} cannot be made (${error.detail}). Give another place with --data-dir.`;
    case 'disk':
      return describeDiskError(error.error);
  }
}
