/**
 * One LMDB environment, a single file with all tables in it: rows have their table's number before their key. Every
 * transaction is synced; there is no setting here that trades durability for speed.
 */
import { closeSync, fstatSync, fsync, fsyncSync, openSync, rmSync, statfsSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { useLatin1Decoder } from '@synod/consensus';
import type { BackendReader, Row, ScanOptions, Table } from '@synod/coordination';
import { open, type RootDatabase } from 'lmdb';
import { type OverlayWrite, REMOVED } from './overlay.ts';

// Every key of a store is decoded once at a start, and by every put: Node's own way takes a fifth of the time.
useLatin1Decoder((bytes) => Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length));

/** Address space, not memory: LMDB maps the file. It grows by itself; this only saves remapping. */
const MAP_BYTES = 1024 * 1024 * 1024;

/** Of every LMDB file, an empty one too: always in use. */
const META_PAGES = 2;

/** A disk with no more than this is taken for full: a transaction of LMDB is often larger. */
const FULL_DISK_FREE_BYTES_MAX = 16 * 1024 * 1024;

/** Rows of a replacement written in one transaction, and their bytes: whichever is reached first. */
const FILL_ROWS = 10_000;
const FILL_BYTES = 4 * 1024 * 1024;

type Database = RootDatabase<Uint8Array, Uint8Array>;
type Transaction = ReturnType<Database['useReadTransaction']>;

/** LMDB keeps its table of readers beside the data; nothing in it outlives the process. */
export function removeEnvironment(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-lock`, { force: true });
}

export class LmdbEnvironment implements BackendReader {
  /** Of the data file. Whoever renames the file need not tell: it stays open. */
  readonly path: string;
  private readonly database: Database;
  /** Open for as long as the environment is: to sync it whatever its name is by then. */
  private readonly descriptor: number;
  /** Rows of a replacement that no transaction has yet. */
  private filling: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  /** Bytes of their keys and values. */
  private fillingBytes = 0;
  /** Reads that hold on to an older tree; LMDB must not be closed under them. */
  private openReads = 0;
  /** Set while a close waits for the last of them. */
  private whenUnread: (() => void) | undefined = undefined;

  /** The directory must exist. @throws the error of LMDB when the file cannot be opened. */
  constructor(path: string) {
    this.path = path;
    const options = {
      path,
      noSubdir: true,
      encoder: BORROWED_VALUES,
      keyEncoder: ROW_KEYS,
      mapSize: MAP_BYTES,
      // A commit has ended when it is synced, as LMDB means it.
      overlappingSync: false,
      // A commit is one batch by itself. What the binding gathers of a turn has a promise that nobody could catch.
      eventTurnBatching: false,
      cache: false,
    };
    this.database = open<Uint8Array, Uint8Array>(options);
    this.descriptor = openSync(path, 'r+');
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.database.get(prefixed(table, key))?.slice();
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return scanRows(this.database, table, options, undefined);
  }

  /** Writes rows as one durable transaction. @returns what went wrong, if anything did */
  async write(writes: Iterable<OverlayWrite>): Promise<Error | undefined> {
    try {
      await this.database.batch(() => {
        for (const { table, key, value } of writes) {
          if (value === REMOVED) void this.database.remove(prefixed(table, key));
          else void this.database.put(prefixed(table, key), value);
        }
      });
      await this.database.flushed;
      return undefined;
    } catch (error) {
      return inPlainWords(await reasonOf(error), this.path);
    }
  }

  /** For a store that nobody reads yet: adds a row, durable only after `syncNow`. */
  fill(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.filling.push({ key: prefixed(table, key), value: value.slice() });
    this.fillingBytes += key.length + value.length;
    if (this.filling.length >= FILL_ROWS || this.fillingBytes >= FILL_BYTES) this.writeFilling();
  }

  syncNow(): void {
    this.writeFilling();
    fsyncSync(this.descriptor);
  }

  /** The tree as it is now, until `close`. */
  beginRead(): BackendReader & { close(): void } {
    const transaction = this.database.useReadTransaction();
    const { database } = this;
    this.openReads++;
    let isOpen = true;
    return {
      get: (table, key) => {
        for (const row of scanRows(database, table, { from: key, limit: 1 }, transaction))
          if (Buffer.compare(row.key, key) === 0) return row.value;
        return undefined;
      },
      scan: (table, options) => scanRows(database, table, options, transaction),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        transaction.done();
        this.readEnded();
      },
    };
  }

  /**
   * Writes the tree as it is now to a new file, without the pages that nothing uses; LMDB does it on a thread of its own.
   * The file is durable when this ends. @returns what went wrong, if anything did
   */
  async copyTo(path: string): Promise<Error | undefined> {
    this.openReads++;
    try {
      await this.database.backup(path, true);
      await syncFile(path);
      return undefined;
    } catch (error) {
      return inPlainWords(asError(error), path);
    } finally {
      this.readEnded();
    }
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    const totalBytes = fstatSync(this.descriptor).size;
    const stats = this.database.getStats() as Readonly<Record<string, number | undefined>>;
    const pages =
      META_PAGES +
      (stats['treeBranchPageCount'] ?? 0) +
      (stats['treeLeafPageCount'] ?? 0) +
      (stats['overflowPages'] ?? 0);
    return { totalBytes, usedBytes: Math.min(totalBytes, pages * (stats['pageSize'] ?? 0)) };
  }

  /** Waits for the transaction under way, and until nobody reads an older tree. */
  async close(): Promise<void> {
    // A commit that failed was told to whoever waited for it.
    await this.database.committed.then(ended, ended);
    if (this.openReads > 0) await new Promise<void>((resolve) => (this.whenUnread = resolve));
    await this.database.close();
    closeSync(this.descriptor);
  }

  private readEnded(): void {
    this.openReads--;
    if (this.openReads === 0) this.whenUnread?.();
  }

  private writeFilling(): void {
    const rows = this.filling;
    this.filling = [];
    this.fillingBytes = 0;
    this.database.transactionSync(() => {
      for (const { key, value } of rows) this.database.putSync(key, value);
    });
  }
}

/** The binding says first that a commit failed, and a moment later, by a promise in that error, why. */
async function reasonOf(error: unknown): Promise<Error> {
  const why = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
  return Promise.resolve(why).then(
    () => asError(error),
    (reason) => asError(reason),
  );
}

/** A write that a full disk cuts short is an input/output error to LMDB; whoever reads the log needs to know better. */
function inPlainWords(reason: Error, path: string): Error {
  const { bavail, bsize } = statfsSync(dirname(path));
  const freeBytes = bavail * bsize;
  if (freeBytes > FULL_DISK_FREE_BYTES_MAX) return reason;
  return new Error(`no space left on the device: ${freeBytes} bytes free (${reason.message})`, {
    cause: reason,
  });
}

function ended(): void {}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

async function syncFile(path: string): Promise<void> {
  const file = await openFile(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs a directory, so that the names in it last. */
export function syncDirectory(directory: string, done: (error: Error | undefined) => void): void {
  const descriptor = openSync(directory, 'r');
  fsync(descriptor, (error) => {
    closeSync(descriptor);
    done(error ?? undefined);
  });
}

/**
 * LMDB's binding reads every value into one buffer, and the next read overwrites it. A plain view of that buffer costs a
 * fraction of the copy that the binding would make, and whoever keeps the bytes copies the view.
 */
const BORROWED_VALUES = {
  encode: (value: Uint8Array): Uint8Array => value,
  // The binding says how long the value is by the length that it gives the buffer.
  decode: (shared: Uint8Array): Uint8Array => new Uint8Array(shared.buffer, shared.byteOffset, shared.length),
};

/** Keys are written with their table's number and read without it: rows of a scan are all of one table. */
const ROW_KEYS = {
  writeKey(key: Uint8Array, target: Uint8Array, start: number): number {
    target.set(key, start);
    return start + key.length;
  },
  readKey(shared: Uint8Array, start: number, end: number): Uint8Array {
    return new Uint8Array(shared.buffer, shared.byteOffset + start + 1, end - start - 1);
  },
};

function scanRows(
  database: Database,
  table: Table,
  options: ScanOptions,
  transaction: Transaction | undefined,
): Iterable<Row> {
  const start = prefixed(table, options.from ?? NO_BYTES);
  const end = options.to === undefined ? Uint8Array.of(table + 1) : prefixed(table, options.to);
  const rows: Iterable<Row> = database.getRange({
    start: options.reverse ? end : start,
    end: options.reverse ? start : end,
    reverse: options.reverse ?? false,
    // A range in LMDB has its first bound inside and its last outside, whichever way it runs.
    exclusiveStart: options.reverse ?? false,
    inclusiveEnd: options.reverse ?? false,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(transaction === undefined ? {} : { transaction }),
  });
  return options.borrowed ? rows : copied(rows);
}

function* copied(rows: Iterable<Row>): Generator<Row> {
  for (const { key, value } of rows) yield { key: key.slice(), value: value.slice() };
}

const NO_BYTES = new Uint8Array(0);

function prefixed(table: Table, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(key.length + 1);
  bytes[0] = table;
  bytes.set(key, 1);
  return bytes;
}
