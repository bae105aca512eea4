/**
 * A member's data directory from a backup. Its state is the backup's, its journal begins behind the backup's last entry, and
 * the cluster is a new one: members that were restored from one file go on from one state, and one that was not gets it
 * from them as a snapshot.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  describeJournalError,
  epoch,
  type Journal,
  logIndex,
  MalformedBytes,
  openJournal,
  type ProtocolName,
  simpleMembership,
  clusterId as toClusterId,
  memberId as toMemberId,
} from '@synod/consensus';
import { type BackupFacts, BackupImage, type RevisionChange } from '@synod/coordination';
import type { FoundedCluster } from '../config/initial-cluster.ts';
import { CLOCK } from '../member/clock.ts';
import { type MemberStorage, openStorage } from '../member/storage.ts';
import { syncDirectory } from '../storage/lmdb-environment.ts';
import { type BackupFile, BackupProblem } from './backup-file.ts';

export interface Restoration {
  readonly file: BackupFile;
  /** Absolute; must not exist, or be empty. */
  readonly dataDirectory: string;
  /** The same holds of it; undefined: the journal is below the data directory. */
  readonly journalDirectory: string | undefined;
  readonly protocol: ProtocolName;
  readonly cluster: FoundedCluster;
  readonly change: RevisionChange;
  readonly progress: (share: number) => void;
  readonly interrupted: AbortSignal;
  /** Of the journal's files, which are made whole; undefined: the usual size. */
  readonly journalSegmentBytes?: number;
}

/** Older than every epoch of the new cluster, and newer than none. */
const EPOCH_BEFORE_ALL = epoch(1);

/**
 * The directory has its name once all of it is durable: a state without the journal that belongs to it would be a member that
 * knows less than it holds. Leaves nothing behind when it fails. @throws BackupProblem, StartFailure
 */
export async function restoreBackup(restoration: Restoration): Promise<BackupFacts> {
  const { dataDirectory, journalDirectory } = restoration;
  for (const [flag, directory] of [
    ['data-dir', dataDirectory],
    ['wal-dir', journalDirectory],
  ] as const)
    if (directory !== undefined && existsSync(directory) && readdirSync(directory).length > 0)
      throw new BackupProblem(
        `${flag} ${JSON.stringify(directory)} not empty or could not be read. Give a new one with --${flag}.`,
      );
  const partial = `${dataDirectory}.part`;
  // Of a restoration that was killed.
  rmSync(partial, { recursive: true, force: true });
  const storage = openStorage(
    { dataDirectory: partial, journalDirectory, finalDirectory: dataDirectory },
    {},
  );
  try {
    const facts = await fill(storage, restoration);
    await beginJournal(storage, restoration, facts);
    await storage.close();
    rmSync(dataDirectory, { recursive: true, force: true });
    renameSync(partial, dataDirectory);
    await new Promise<void>((resolve, reject) =>
      syncDirectory(dirname(dataDirectory), (error) => (error === undefined ? resolve() : reject(error))),
    );
    return facts;
  } catch (error) {
    await storage.close();
    rmSync(partial, { recursive: true, force: true });
    // It was empty: nothing but what this restoration wrote is there. The directory itself may be a disk's.
    if (journalDirectory !== undefined && existsSync(journalDirectory))
      for (const name of readdirSync(journalDirectory)) rmSync(join(journalDirectory, name));
    if (error instanceof MalformedBytes)
      throw new BackupProblem(`${restoration.file.path} is damaged: ${error.message}. Take another backup.`);
    throw error;
  }
}

async function fill({ backend }: MemberStorage, restoration: Restoration): Promise<BackupFacts> {
  const { file, change, progress, interrupted } = restoration;
  const replacement = backend.beginReplace();
  const image = new BackupImage(replacement, change);
  for await (const piece of file.image(progress, interrupted)) image.write(piece);
  const facts = image.end();
  await new Promise<void>((resolve, reject) =>
    replacement.finish((error) => (error === undefined ? resolve() : reject(error))),
  );
  return facts;
}

async function beginJournal(
  { disk }: MemberStorage,
  { protocol, cluster, journalSegmentBytes }: Restoration,
  { appliedIndex }: BackupFacts,
): Promise<void> {
  const membership = simpleMembership({
    voters: cluster.founders.map(({ id }) => toMemberId(id)),
    learners: [],
  });
  const journal = await new Promise<Journal>((resolve, reject) =>
    openJournal(
      {
        disk,
        clock: CLOCK,
        identity: {
          protocol,
          clusterId: toClusterId(cluster.clusterId),
          memberId: toMemberId(cluster.self.id),
          foundingMembership: membership,
        },
        salt: randomBytes(4).readUInt32LE(),
        ...(journalSegmentBytes === undefined ? {} : { segmentBytes: journalSegmentBytes }),
      },
      (result) =>
        result.ok ? resolve(result.journal) : reject(new BackupProblem(describeJournalError(result.error))),
    ),
  );
  // Of a state before the first entry, the journal that was just made is the whole truth.
  if (appliedIndex > 0)
    await new Promise<void>((resolve, reject) => {
      journal.attach({
        durable: () => {},
        synced: () => resolve(),
        failed: (error) => reject(new BackupProblem(`the journal could not be written: ${error.kind}`)),
      });
      journal.trim({ index: logIndex(appliedIndex), epoch: EPOCH_BEFORE_ALL, membership });
    });
  await new Promise<void>((resolve) => journal.close(resolve));
}
