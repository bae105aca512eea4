/**
 * One LMDB environment, a single file with all tables in it: rows have their table's number before their key. Every
 * transaction is synced; there is no setting here that trades durability for speed.
 */
import { closeSync, fstatSync, fsync, fsyncSync, openSync, rmSync } from 'node:fs';
import type { BackendReader, Row, ScanOptions, Table } from '@synod/coordination';
import { open, type RootDatabase } from 'lmdb';
import { type Overlay, REMOVED } from './overlay.ts';

/** Address space, not memory: LMDB maps the file. It grows by itself; this only saves remapping. */
const MAP_BYTES = 1024 * 1024 * 1024;

/** Of every LMDB file, an empty one too: always in use. */
const META_PAGES = 2;

/** Rows of a replacement written in one transaction. */
const FILL_ROWS = 10_000;

type Database = RootDatabase<Buffer, Uint8Array>;
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
  private filling: { readonly key: Buffer; readonly value: Uint8Array }[] = [];
  /** Reads that hold on to an older tree; LMDB must not be closed under them. */
  private openReads = 0;
  /** Set while a close waits for the last of them. */
  private whenUnread: (() => void) | undefined = undefined;

  /** The directory must exist. @throws the error of LMDB when the file cannot be opened. */
  constructor(path: string) {
    this.path = path;
    this.database = open<Buffer, Uint8Array>({
      path,
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      mapSize: MAP_BYTES,
      // A commit has ended when it is synced, as LMDB means it.
      overlappingSync: false,
      cache: false,
    });
    this.descriptor = openSync(path, 'r+');
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.database.getBinary(prefixed(table, key));
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return scanRows(this.database, table, options, undefined);
  }

  /** Writes an overlay as one durable transaction. @returns what went wrong, if anything did */
  async write(overlay: Overlay): Promise<Error | undefined> {
    try {
      await this.database.batch(() => {
        overlay.forEach((table, key, value) => {
          if (value === REMOVED) void this.database.remove(prefixed(table, key));
          else void this.database.put(prefixed(table, key), asBuffer(value));
        });
      });
      await this.database.flushed;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** For a store that nobody reads yet: adds a row, durable only after `syncNow`. */
  fill(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.filling.push({ key: prefixed(table, key), value: value.slice() });
    if (this.filling.length >= FILL_ROWS) this.writeFilling();
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
        this.openReads--;
        if (this.openReads === 0) this.whenUnread?.();
      },
    };
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
    await this.database.committed;
    if (this.openReads > 0) await new Promise<void>((resolve) => (this.whenUnread = resolve));
    await this.database.close();
    closeSync(this.descriptor);
  }

  private writeFilling(): void {
    const rows = this.filling;
    this.filling = [];
    this.database.transactionSync(() => {
      for (const { key, value } of rows) this.database.putSync(key, asBuffer(value));
    });
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

function* scanRows(
  database: Database,
  table: Table,
  options: ScanOptions,
  transaction: Transaction | undefined,
): Generator<Row> {
  const start = prefixed(table, options.from ?? NO_BYTES);
  const end = options.to === undefined ? Buffer.of(table + 1) : prefixed(table, options.to);
  const rows = database.getRange({
    start: options.reverse ? end : start,
    end: options.reverse ? start : end,
    reverse: options.reverse ?? false,
    // A range in LMDB has its first bound inside and its last outside, whichever way it runs.
    exclusiveStart: options.reverse ?? false,
    inclusiveEnd: options.reverse ?? false,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(transaction === undefined ? {} : { transaction }),
  });
  for (const { key, value } of rows) yield { key: (key as Uint8Array).subarray(1), value };
}

const NO_BYTES = new Uint8Array(0);

function prefixed(table: Table, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + 1);
  bytes[0] = table;
  bytes.set(key, 1);
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
