/**
 * The stores that could stand behind the Backend port, each with what the measurement needs: a synced batch, a synchronous
 * read, a walk through everything.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { TABLE } from '@synod/coordination';
import { ClassicLevel } from 'classic-level';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';

export interface StoredRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface MeasuredStore {
  /** Ends when the rows survive a power cut. */
  writeBatch(rows: readonly StoredRow[]): Promise<void>;
  read(key: Uint8Array): Uint8Array | undefined;
  readAll(visit: (row: StoredRow) => void): Promise<void>;
  close(): Promise<void>;
}

/** Ours as it is used: through the port, overlay included. */
class LmdbStore implements MeasuredStore {
  private readonly backend: LmdbBackend;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.backend = new LmdbBackend({ directory });
  }

  writeBatch(rows: readonly StoredRow[]): Promise<void> {
    for (const { key, value } of rows) this.backend.put(TABLE.revisions, key, value);
    return new Promise((resolve, reject) =>
      this.backend.commit((error) => (error === undefined ? resolve() : reject(error))),
    );
  }

  read(key: Uint8Array): Uint8Array | undefined {
    return this.backend.get(TABLE.revisions, key);
  }

  async readAll(visit: (row: StoredRow) => void): Promise<void> {
    for (const row of this.backend.scan(TABLE.revisions, { borrowed: true })) visit(row);
  }

  close(): Promise<void> {
    return this.backend.close();
  }
}

const ROWS_A_FETCH = 1000;

class LevelStore implements MeasuredStore {
  private readonly database: ClassicLevel<Uint8Array, Uint8Array>;

  private constructor(database: ClassicLevel<Uint8Array, Uint8Array>) {
    this.database = database;
  }

  static async open(directory: string): Promise<LevelStore> {
    const database = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    await database.open();
    return new LevelStore(database);
  }

  writeBatch(rows: readonly StoredRow[]): Promise<void> {
    const operations = rows.map(({ key, value }) => ({ type: 'put' as const, key, value }));
    return this.database.batch(operations, { sync: true });
  }

  read(key: Uint8Array): Uint8Array | undefined {
    return this.database.getSync(key);
  }

  async readAll(visit: (row: StoredRow) => void): Promise<void> {
    const iterator = this.database.iterator();
    for (
      let rows = await iterator.nextv(ROWS_A_FETCH);
      rows.length > 0;
      rows = await iterator.nextv(ROWS_A_FETCH)
    )
      for (const [key, value] of rows) visit({ key, value });
    await iterator.close();
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

/** Synchronous throughout: the event loop stands still while it syncs. */
class SqliteStore implements MeasuredStore {
  private readonly database: DatabaseSync;
  private readonly select: StatementSync;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.database = new DatabaseSync(join(directory, 'state.sqlite'));
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.database.exec('CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID');
    this.select = this.database.prepare('SELECT value FROM rows WHERE key = ?');
  }

  async writeBatch(rows: readonly StoredRow[]): Promise<void> {
    const insert = this.database.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?)');
    this.database.exec('BEGIN');
    for (const { key, value } of rows) insert.run(key, value);
    this.database.exec('COMMIT');
  }

  read(key: Uint8Array): Uint8Array | undefined {
    return this.select.get(key)?.['value'] as Uint8Array | undefined;
  }

  async readAll(visit: (row: StoredRow) => void): Promise<void> {
    for (const row of this.database.prepare('SELECT key, value FROM rows ORDER BY key').iterate())
      visit({ key: row['key'] as Uint8Array, value: row['value'] as Uint8Array });
  }

  async close(): Promise<void> {
    this.database.close();
  }
}

export const STORES: Readonly<Record<string, (directory: string) => Promise<MeasuredStore>>> = {
  lmdb: async (directory) => new LmdbStore(directory),
  'classic-level': (directory) => LevelStore.open(directory),
  'node:sqlite': async (directory) => new SqliteStore(directory),
};
