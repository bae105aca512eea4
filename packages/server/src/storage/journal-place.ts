/**
 * Which directory a member's journal is in, when it is not below its data directory. Both remember each other: a state whose
 * journal is not found (the disk is not mounted, the flag was left out or mistyped) must stop the start, as a new journal
 * in its place would be a member that forgot its votes and what it acknowledged.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { JOURNAL_DIRECTORY } from '@synod/consensus';
import { syncNames, writeWhole } from './durable-files.ts';

/** In the data directory: where the journal is. */
export const PLACE_FILE = 'journal-place.json';
/** In the journal's directory: whose journal it is. */
export const OWNER_FILE = 'journal-owner.json';

interface Mark {
  /** The other of the two directories, for people. */
  readonly directory: string;
  /** The same in both files, and in no other pair. */
  readonly id: string;
}

export interface JournalPlace {
  readonly dataDirectory: string;
  /** Absolute; undefined: below the data directory. */
  readonly journalDirectory?: string | undefined;
  /** What the data directory will be called once it is whole; undefined: as it is now. */
  readonly finalDirectory?: string;
}

/**
 * Makes sure that the journal is where the data was made with it, or is made there now; both directories are locked.
 * @returns why it is not, in words for whoever starts the member
 * @throws Error of the file system
 */
export function claimJournalPlace(where: JournalPlace): string | undefined {
  const { dataDirectory, journalDirectory, finalDirectory = dataDirectory } = where;
  const place = readMark(join(dataDirectory, PLACE_FILE));
  if (place === 'unreadable') return unreadable(join(dataDirectory, PLACE_FILE));
  if (place === undefined)
    return journalDirectory === undefined
      ? undefined
      : found({ dataDirectory, journalDirectory, finalDirectory });
  if (journalDirectory !== place.directory)
    return `the journal of ${dataDirectory} is in ${place.directory}, not in ${journalDirectory ?? join(dataDirectory, JOURNAL_DIRECTORY)}. Start with --wal-dir ${place.directory}.`;
  const owner = readMark(join(journalDirectory, OWNER_FILE));
  if (owner === 'unreadable') return unreadable(join(journalDirectory, OWNER_FILE));
  if (owner === undefined)
    return `${journalDirectory} (--wal-dir) has nothing of the journal of ${dataDirectory}, which was made there. Is its disk mounted?`;
  if (owner.id !== place.id) return belongsTo(owner.directory, journalDirectory);
  return undefined;
}

/** Where the journal of data that there are is; undefined: below them, or nobody can say any more. */
export function journalDirectoryOf(dataDirectory: string): string | undefined {
  const place = readMark(join(dataDirectory, PLACE_FILE));
  return place === 'unreadable' ? undefined : place?.directory;
}

/** The first start with this journal directory, or one after a first start that got no further than its first file. */
function found({
  dataDirectory,
  journalDirectory,
  finalDirectory,
}: Record<'dataDirectory' | 'journalDirectory' | 'finalDirectory', string>): string | undefined {
  if (fs.existsSync(join(dataDirectory, 'state.lmdb')) || hasFiles(join(dataDirectory, JOURNAL_DIRECTORY)))
    return `${dataDirectory} was made without --wal-dir, and its journal is in ${join(dataDirectory, JOURNAL_DIRECTORY)}. Leave --wal-dir out, or give a new --data-dir.`;
  if (hasSegments(journalDirectory)) {
    const owner = readMark(join(journalDirectory, OWNER_FILE));
    return belongsTo(
      owner === undefined || owner === 'unreadable' ? 'another data directory' : owner.directory,
      journalDirectory,
    );
  }
  const id = randomBytes(8).toString('hex');
  // In this order: once the data directory names the journal's, that one certainly names it too.
  writeWhole(join(journalDirectory, OWNER_FILE), markText({ directory: finalDirectory, id }));
  syncNames(dirname(journalDirectory));
  writeWhole(join(dataDirectory, PLACE_FILE), markText({ directory: journalDirectory, id }));
  return undefined;
}

function belongsTo(owner: string, journalDirectory: string): string {
  return `${journalDirectory} (--wal-dir) has the journal of ${owner}. Give this member its own --wal-dir, or the --data-dir that belongs to this one.`;
}

function unreadable(path: string): string {
  return `${path} cannot be understood: it says which journal and data belong together. Restore it from a backup of the directory, or replace this member.`;
}

function hasFiles(directory: string): boolean {
  return fs.existsSync(directory) && fs.readdirSync(directory).length > 0;
}

function hasSegments(directory: string): boolean {
  return fs.readdirSync(directory).some((name) => name.endsWith('.log'));
}

function markText(mark: Mark): string {
  return `${JSON.stringify(mark)}\n`;
}

function readMark(path: string): Mark | 'unreadable' | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { directory, id } = JSON.parse(text) as Record<string, unknown>;
    return typeof directory === 'string' && typeof id === 'string' ? { directory, id } : 'unreadable';
  } catch {
    return 'unreadable';
  }
}
