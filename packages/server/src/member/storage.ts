/** One member's directories: taken for this process, with the disk and the backend in them. */
import { describeDiskError, JOURNAL_DIRECTORY } from '@synod/consensus';
import { claimJournalPlace, type JournalPlace } from '../storage/journal-place.ts';
import { LmdbBackend, type LmdbBackendOptions } from '../storage/lmdb-backend.ts';
import { NodeDisk, toDiskError } from '../storage/node-disk.ts';
import {
  type DataDirectoryError,
  type DataDirectoryLock,
  lockDataDirectory,
} from '../storage/node-disk-lock.ts';
import { StartFailure } from './start-failure.ts';

export interface MemberStorage {
  readonly disk: NodeDisk;
  readonly backend: LmdbBackend;
  /** Closes both and gives the directories up. */
  close(): Promise<void>;
}

/** Told how long the journal and the store take for what they do. */
export interface StorageObserver
  extends Pick<LmdbBackendOptions, 'committed' | 'defragmented' | 'viewClosed'> {
  readonly journalTimed?: (writeMs: number, syncMs: number) => void;
}

/** @throws StartFailure */
export function openStorage(place: JournalPlace, { journalTimed, ...told }: StorageObserver): MemberStorage {
  const { dataDirectory, journalDirectory } = place;
  const locks = [taken(dataDirectory, { name: 'the data directory', flag: '--data-dir' })];
  const release = (): void => {
    for (const lock of locks) lock.release();
  };
  try {
    if (journalDirectory !== undefined)
      locks.push(taken(journalDirectory, { name: "the journal's directory", flag: '--wal-dir' }));
    const refusal = claimJournalPlace(place);
    if (refusal !== undefined) throw new StartFailure(refusal);
    const elsewhere = journalDirectory === undefined ? {} : { [JOURNAL_DIRECTORY]: journalDirectory };
    const disk = new NodeDisk(dataDirectory, elsewhere, (path, writeMs, syncMs) => {
      if (path.startsWith(`${JOURNAL_DIRECTORY}/`)) journalTimed?.(writeMs, syncMs);
    });
    const backend = new LmdbBackend({ directory: dataDirectory, ...told });
    return {
      disk,
      backend,
      async close() {
        await backend.close();
        disk.close();
        release();
      },
    };
  } catch (error) {
    release();
    if (error instanceof StartFailure) throw error;
    throw new StartFailure(describeDiskError(toDiskError(dataDirectory, error as NodeJS.ErrnoException)));
  }
}

interface DirectoryWords {
  readonly name: string;
  readonly flag: string;
}

function taken(directory: string, words: DirectoryWords): DataDirectoryLock {
  const locked = lockDataDirectory(directory);
  if (!locked.ok) throw new StartFailure(describeDirectoryError(locked.error, words));
  return locked.lock;
}

function describeDirectoryError(error: DataDirectoryError, { name, flag }: DirectoryWords): string {
  switch (error.kind) {
    case 'inUse':
      return `${name} ${error.directory} is in use by process ${error.processId}. Stop that member, or give this one its own ${flag}.`;
    case 'noPlace':
      return `${name} ${error.directory} cannot be made (${error.detail}). Give another place with ${flag}.`;
    case 'disk':
      return describeDiskError(error.error);
  }
}
