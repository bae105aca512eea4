/**
 * A Backend in memory that tells what is committed from what is only written: `crash` forgets the latter, as a power cut
 * would. For tests and simulated worlds; it keeps every promise of the port.
 */
import { assert, latin1Decode, latin1Encode } from '@synod/consensus';
import type {
  Backend,
  BackendReader,
  BackendReplacement,
  BackendView,
  Row,
  ScanOptions,
  Table,
} from './backend.ts';

/** Rows of all tables, by table and key. Row values are never changed, so copies of the maps are true copies. */
class Tables implements BackendReader {
  private readonly tables = new Map<Table, Map<string, Uint8Array>>();

  copy(): Tables {
    const copy = new Tables();
    for (const [table, rows] of this.tables) copy.tables.set(table, new Map(rows));
    return copy;
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    let rows = this.tables.get(table);
    if (rows === undefined) {
      rows = new Map();
      this.tables.set(table, rows);
    }
    rows.set(latin1Decode(key), value.slice());
  }

  remove(table: Table, key: Uint8Array): void {
    this.tables.get(table)?.delete(latin1Decode(key));
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.tables.get(table)?.get(latin1Decode(key));
  }

  *scan(table: Table, options: ScanOptions): Generator<Row> {
    const from = options.from === undefined ? '' : latin1Decode(options.from);
    const to = options.to === undefined ? undefined : latin1Decode(options.to);
    const keys = [...(this.tables.get(table)?.keys() ?? [])].filter(
      (key) => key >= from && (to === undefined || key < to),
    );
    keys.sort();
    if (options.reverse) keys.reverse();
    for (const key of keys.slice(0, options.limit)) {
      const value = this.get(table, latin1Encode(key));
      if (value !== undefined) yield { key: latin1Encode(key), value };
    }
  }

  get bytes(): number {
    let bytes = 0;
    for (const rows of this.tables.values())
      for (const [key, value] of rows) bytes += key.length + value.length;
    return bytes;
  }
}

export class MemoryBackend implements Backend {
  private current = new Tables();
  /** What a crash leaves. */
  private committed = new Tables();
  private readonly defer: (job: () => void) => void;
  private readonly commits: { readonly tables: Tables; readonly done: (error: Error | undefined) => void }[] =
    [];
  /** Rises with every crash: what was under way before it never ends. */
  private lives = 0;

  /** `defer` decides when a commit is done; by default at once. */
  constructor(defer: (job: () => void) => void = (job) => job()) {
    this.defer = defer;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.current.get(table, key);
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return this.current.scan(table, options);
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.current.put(table, key, value);
  }

  remove(table: Table, key: Uint8Array): void {
    this.current.remove(table, key);
  }

  commit(done: (error: Error | undefined) => void): void {
    this.commits.push({ tables: this.current.copy(), done });
    if (this.commits.length === 1) this.commitNext();
  }

  view(): BackendView {
    const tables = this.current.copy();
    return {
      get: (table, key) => tables.get(table, key),
      scan: (table, options) => tables.scan(table, options),
      close: () => {},
    };
  }

  beginReplace(): BackendReplacement {
    const tables = new Tables();
    let ended = false;
    return {
      put: (table, key, value) => {
        assert(!ended, 'a replacement is filled before it is finished or aborted');
        tables.put(table, key, value);
      },
      finish: (done) => {
        ended = true;
        this.current = tables;
        this.commit(done);
      },
      abort: () => {
        ended = true;
      },
    };
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    const { bytes } = this.current;
    return { totalBytes: bytes, usedBytes: bytes };
  }

  /** A power cut: what was not committed is gone, and commits under way never end. */
  crash(): void {
    this.lives++;
    this.commits.length = 0;
    this.current = this.committed.copy();
  }

  async close(): Promise<void> {
    this.commits.length = 0;
  }

  private commitNext(): void {
    const life = this.lives;
    this.defer(() => {
      if (life !== this.lives) return;
      const commit = this.commits.shift();
      if (commit === undefined) return;
      this.committed = commit.tables.copy();
      if (this.commits.length > 0) this.commitNext();
      commit.done(undefined);
    });
  }
}
