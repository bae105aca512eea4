/**
 * One process a data directory: `synod.pid` holds the id of the process that has it. A file left by a process that
 * is gone is taken over. Held from before the journal is read until the process ends.
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiskError } from '@synod/consensus';
import { toDiskError } from './node-disk.ts';

export const PROCESS_ID_FILE = 'synod.pid';

export type DataDirectoryError =
  | { readonly kind: 'inUse'; readonly directory: string; readonly processId: number }
  /** There can be no directory of that name: something on its path is a file, say. */
  | { readonly kind: 'noPlace'; readonly directory: string; readonly detail: string }
  | { readonly kind: 'disk'; readonly directory: string; readonly error: DiskError };

export type DataDirectoryResult =
  | { readonly ok: true; readonly lock: DataDirectoryLock }
  | { readonly ok: false; readonly error: DataDirectoryError };

export interface DataDirectoryLock {
  /** Gives the directory up. */
  release(): void;
}

/** What this process holds itself: its own id in a file says nothing after a restart of a container, where ids recur. */
const heldHere = new Set<string>();

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const PROC_TICKS_PER_SECOND = 100;

/** How far a process's start, as /proc tells it, may lie after its file's time before the two are strangers. */
const START_TOLERANCE_MS = 2_000;

const NO_PLACE: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'ENOENT', 'ENAMETOOLONG', 'ELOOP']);

/** Makes the directory if there is none (0700), and takes it for this process. */
export function lockDataDirectory(directory: string): DataDirectoryResult {
  try {
    makeDirectory(directory);
    return take(directory, join(fs.realpathSync(directory), PROCESS_ID_FILE));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (NO_PLACE.has(code ?? ''))
      return { ok: false, error: { kind: 'noPlace', directory, detail: message } };
    const diskError = toDiskError(directory, error as NodeJS.ErrnoException);
    return { ok: false, error: { kind: 'disk', directory, error: diskError } };
  }
}

/**
 * With the directories above it. Node's own recursive mkdir never comes back where the file system says of a child that
 * there is no such thing although its parent is there, as /proc does.
 */
function makeDirectory(directory: string): void {
  if (isDirectory(directory)) return;
  try {
    fs.mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || isDirectory(parent)) throw error;
    makeDirectory(parent);
    fs.mkdirSync(directory, { mode: 0o700 });
  }
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function take(directory: string, path: string): DataDirectoryResult {
  // Written aside and linked into place: the file appears whole, and only if there is none.
  const aside = `${path}.${process.pid}`;
  fs.writeFileSync(aside, `${process.pid}\n`, { mode: 0o644 });
  try {
    while (!linked(aside, path)) {
      const holder = holderOf(path);
      if (holder !== undefined && isHolding(holder, path))
        return { ok: false, error: { kind: 'inUse', directory, processId: holder } };
      removeStale(path, holder);
    }
    heldHere.add(path);
    return { ok: true, lock: { release: () => release(path) } };
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function release(path: string): void {
  if (heldHere.delete(path)) fs.rmSync(path, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The process id in the file; undefined if the file is gone or holds none. */
function holderOf(path: string): number | undefined {
  try {
    const processId = Number.parseInt(fs.readFileSync(path, 'latin1'), 10);
    return processId > 0 ? processId : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isHolding(processId: number, path: string): boolean {
  if (processId === process.pid) return heldHere.has(path);
  try {
    process.kill(processId, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedMs = processStartedMs(processId);
  const written = fs.statSync(path, { throwIfNoEntry: false });
  if (startedMs === undefined || written === undefined) return true;
  return startedMs <= written.mtimeMs + START_TOLERANCE_MS;
}

/** When the process began, by the wall clock; undefined where there is no /proc. */
function processStartedMs(processId: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${processId}/stat`, 'latin1');
    // The second field is a name in parentheses that may hold anything; the 22nd is the start in ticks since boot.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const bootSeconds = Number(/^btime (\d+)$/m.exec(fs.readFileSync('/proc/stat', 'latin1'))?.[1]);
    const startedMs = (bootSeconds + ticks / PROC_TICKS_PER_SECOND) * 1_000;
    return Number.isFinite(startedMs) ? startedMs : undefined;
  } catch {
    return undefined;
  }
}

/** Two that find the same stale file may both come here: whoever moved a fresh one away puts it back. */
function removeStale(path: string, staleHolder: number | undefined): void {
  const moved = `${path}.stale.${process.pid}`;
  try {
    fs.renameSync(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (holderOf(moved) !== staleHolder) linked(moved, path);
  fs.rmSync(moved, { force: true });
}
