/**
 * A Backend in memory that tells what is committed from what is only written: `crash` forgets the latter, as a power cut
 * would. For tests and simulated worlds; it keeps every promise of the port.
 */
import { assert, latin1Decode, latin1Encode } from '@synod/consensus';
import {
  type Backend,
  type BackendReader,
  type BackendReplacement,
  type BackendView,
  type Row,
  type ScanOptions,
  TABLE,
  type Table,
} from './backend.ts';
import { SortedRows } from './sorted-rows.ts';

/** One write; no value: the row was taken away. */
interface Write {
  readonly table: Table;
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Rows of all tables. Row values are never changed, so copies of the maps are true copies. */
class Tables implements BackendReader {
  private readonly tables = new Map<Table, SortedRows>();

  copy(): Tables {
    const copy = new Tables();
    for (const [table, rows] of this.tables) copy.tables.set(table, rows.copy());
    return copy;
  }

  write({ table, key, value }: Write): void {
    let rows = this.tables.get(table);
    if (rows === undefined) {
      rows = new SortedRows();
      this.tables.set(table, rows);
    }
    if (value === undefined) rows.remove(key);
    else rows.put(key, value);
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.tables.get(table)?.get(latin1Decode(key));
  }

  *scan(table: Table, options: ScanOptions): Generator<Row> {
    const rows = this.tables.get(table);
    if (rows === undefined) return;
    const from = options.from === undefined ? '' : latin1Decode(options.from);
    const to = options.to === undefined ? undefined : latin1Decode(options.to);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    for (const key of rows.span(from, to, options.reverse === true)) {
      if (left <= 0) return;
      const value = rows.get(key);
      if (value === undefined) continue;
      left--;
      yield { key: latin1Encode(key), value };
    }
  }

  get bytes(): number {
    let bytes = 0;
    for (const rows of this.tables.values())
      for (const [key, value] of rows.entries()) bytes += key.length + value.length;
    return bytes;
  }
}

/** What a commit changes in the committed state, and who waits for it. */
interface Commit {
  readonly rows: number;
  /** Rows that are there before it has ended. */
  readonly ahead: readonly Write[];
  readonly change: (committed: Tables) => Tables;
  readonly done: (error: Error | undefined) => void;
}

export class MemoryBackend implements Backend {
  private current = new Tables();
  /** What a crash leaves. */
  private committed = new Tables();
  /** Written since the last call of `commit`. */
  private fresh: Write[] = [];
  private readonly defer: (job: () => void) => void;
  /** Under way, the oldest first. */
  private readonly commits: Commit[] = [];
  /** Rises with every crash: what was under way before it never ends. */
  private lives = 0;

  private readonly commitRowsMax: number;

  /**
   * `defer` decides when a commit is done; by default at once. One of more than `commitRowsMax` rows has half of those that
   * may go ahead durable while it is under way.
   */
  constructor(
    defer: (job: () => void) => void = (job) => job(),
    commitRowsMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.defer = defer;
    this.commitRowsMax = commitRowsMax;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.current.get(table, key);
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return this.current.scan(table, options);
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.write({ table, key: latin1Decode(key), value: value.slice() });
  }

  remove(table: Table, key: Uint8Array): void {
    this.write({ table, key: latin1Decode(key), value: undefined });
  }

  commit(done: (error: Error | undefined) => void): void {
    const writes = this.fresh;
    this.fresh = [];
    this.enqueue({
      rows: writes.length,
      ahead:
        writes.length > this.commitRowsMax ? writes.filter(mayGoAhead).filter((_, at) => at % 2 === 0) : [],
      done,
      change: (committed) => {
        for (const write of writes) committed.write(write);
        return committed;
      },
    });
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
    let hasEnded = false;
    return {
      put: (table, key, value) => {
        assert(!hasEnded, 'a replacement is filled before it is finished or aborted');
        tables.write({ table, key: latin1Decode(key), value: value.slice() });
      },
      finish: (done) => {
        hasEnded = true;
        this.current = tables;
        this.fresh = [];
        const replaced = tables.copy();
        this.enqueue({ rows: 0, ahead: [], done, change: () => replaced });
      },
      abort: () => {
        hasEnded = true;
      },
    };
  }

  get pendingRows(): number {
    return this.commits.reduce((sum, { rows }) => sum + rows, this.fresh.length);
  }

  /** Nothing in memory is without use. */
  defragment(done: (error: Error | undefined) => void): void {
    done(undefined);
  }

  /** None: `sizes` counts what is written at once. */
  readonly pendingBytes = 0;

  sizes(): { totalBytes: number; usedBytes: number } {
    const { bytes } = this.current;
    return { totalBytes: bytes, usedBytes: bytes };
  }

  /** A power cut: what was not committed is gone, and commits under way never end. */
  crash(): void {
    this.lives++;
    for (const write of this.commits[0]?.ahead ?? []) this.committed.write(write);
    this.commits.length = 0;
    this.fresh = [];
    this.current = this.committed.copy();
  }

  async close(): Promise<void> {
    this.commits.length = 0;
  }

  private write(write: Write): void {
    this.current.write(write);
    this.fresh.push(write);
  }

  private enqueue(commit: Commit): void {
    this.commits.push(commit);
    if (this.commits.length === 1) this.commitNext();
  }

  private commitNext(): void {
    const life = this.lives;
    this.defer(() => {
      if (life !== this.lives) return;
      const commit = this.commits.shift();
      if (commit === undefined) return;
      this.committed = commit.change(this.committed);
      if (this.commits.length > 0) this.commitNext();
      commit.done(undefined);
    });
  }
}

function mayGoAhead({ table, value }: Write): boolean {
  return table === TABLE.revisions && value !== undefined;
}
