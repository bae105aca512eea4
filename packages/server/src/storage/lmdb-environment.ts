/**
 * One LMDB environment with all tables in it: rows have their table's number before their key. Every transaction is
 * synced; there is no setting here that trades durability for speed.
 */
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendReader, Row, ScanOptions, Table } from '@synod/coordination';
import { open, type RootDatabase } from 'lmdb';
import { type Overlay, REMOVED } from './overlay.ts';

const DATA_FILE = 'data.mdb';

/** Address space, not memory: LMDB maps the file. It grows by itself; this only saves remapping. */
const MAP_BYTES = 1024 * 1024 * 1024;

/** Rows of a replacement written in one transaction. */
const FILL_ROWS = 10_000;

export interface LmdbEnvironment extends BackendReader {
  /** Writes an overlay as one durable transaction. */
  write(overlay: Overlay): Promise<void>;
  /** For a store that nobody reads yet: adds a row, durable only after `syncNow`. */
  fill(table: Table, key: Uint8Array, value: Uint8Array): void;
  syncNow(): void;
  beginRead(): BackendReader & { close(): void };
  sizes(): { totalBytes: number; usedBytes: number };
  close(): Promise<void>;
}

export function openLmdbEnvironment(directory: string): LmdbEnvironment {
  mkdirSync(directory, { recursive: true });
  return new Environment(directory);
}

type Transaction = ReturnType<RootDatabase<Buffer, Uint8Array>['useReadTransaction']>;

class Environment implements LmdbEnvironment {
  private readonly directory: string;
  private readonly database: RootDatabase<Buffer, Uint8Array>;
  private filling: { readonly key: Buffer; readonly value: Uint8Array }[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.database = open<Buffer, Uint8Array>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      mapSize: MAP_BYTES,
      // A commit has ended when it is synced, as LMDB means it.
      overlappingSync: false,
      cache: false,
    });
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.database.getBinary(prefixed(table, key));
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return scanRows(this.database, table, options, undefined);
  }

  async write(overlay: Overlay): Promise<void> {
    await this.database.batch(() => {
      overlay.forEach((table, key, value) => {
        if (value === REMOVED) void this.database.remove(prefixed(table, key));
        else void this.database.put(prefixed(table, key), asBuffer(value));
      });
    });
    await this.database.flushed;
  }

  fill(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.filling.push({ key: prefixed(table, key), value: value.slice() });
    if (this.filling.length >= FILL_ROWS) this.writeFilling();
  }

  syncNow(): void {
    this.writeFilling();
    const descriptor = openSync(join(this.directory, DATA_FILE), 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }

  beginRead(): BackendReader & { close(): void } {
    const transaction = this.database.useReadTransaction();
    const { database } = this;
    return {
      get: (table, key) => {
        for (const row of scanRows(database, table, { from: key, limit: 1 }, transaction))
          if (Buffer.compare(row.key, key) === 0) return row.value;
        return undefined;
      },
      scan: (table, options) => scanRows(database, table, options, transaction),
      close: () => transaction.done(),
    };
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    const totalBytes = statSync(join(this.directory, DATA_FILE)).size;
    const stats = this.database.getStats() as Readonly<Record<string, number | undefined>>;
    const pages =
      (stats['treeBranchPageCount'] ?? 0) + (stats['treeLeafPageCount'] ?? 0) + (stats['overflowPages'] ?? 0);
    return { totalBytes, usedBytes: Math.min(totalBytes, pages * (stats['pageSize'] ?? 0)) };
  }

  async close(): Promise<void> {
    await this.database.close();
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
  database: RootDatabase<Buffer, Uint8Array>,
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
