/**
 * Rows that are written and not yet in the file, by table. Keys are latin1 strings inside. The usual key is the last one
 * of its table (revisions rise), so the order of insertion is the order of keys until one comes that is not.
 */
import { latin1Decode, latin1Encode } from '@synod/consensus';
import type { ScanOptions, Table } from '@synod/coordination';

/** In the place of a value: the row was taken away. */
export const REMOVED = Symbol('removed');
export type Written = Uint8Array | typeof REMOVED;

export interface OverlayRow {
  readonly key: string;
  readonly value: Written;
}

/** A row as it is to be in the file. */
export interface OverlayWrite {
  readonly table: Table;
  readonly key: Uint8Array;
  readonly value: Written;
}

class TableRows {
  readonly rows = new Map<string, Written>();
  /** The keys of `rows`; in order while `isSorted`. */
  private readonly keys: string[] = [];
  private isSorted = true;

  put(key: string, value: Written): void {
    if (!this.rows.has(key)) {
      if (this.keys.length > 0 && key < this.keys.at(-1)!) this.isSorted = false;
      this.keys.push(key);
    }
    this.rows.set(key, value);
  }

  copy(): TableRows {
    const copy = new TableRows();
    for (const [key, value] of this.rows) copy.put(key, value);
    return copy;
  }

  sortedKeys(): readonly string[] {
    if (!this.isSorted) {
      this.keys.sort();
      this.isSorted = true;
    }
    return this.keys;
  }
}

export class Overlay {
  private readonly tables = new Map<Table, TableRows>();
  /** Of keys and values, overwritten ones included. */
  bytes = 0;

  get rowCount(): number {
    let count = 0;
    for (const { rows } of this.tables.values()) count += rows.size;
    return count;
  }

  hasRows(table: Table): boolean {
    return this.tables.has(table);
  }

  put(table: Table, key: Uint8Array, value: Written): void {
    let rows = this.tables.get(table);
    if (rows === undefined) {
      rows = new TableRows();
      this.tables.set(table, rows);
    }
    rows.put(latin1Decode(key), value);
    this.bytes += key.length + (value === REMOVED ? 0 : value.length);
  }

  get(table: Table, key: Uint8Array): Written | undefined {
    return this.tables.get(table)?.rows.get(latin1Decode(key));
  }

  /** The rows of a span in the order that was asked for, removed ones among them. `limit` is the caller's business. */
  *rows(table: Table, options: ScanOptions): Generator<OverlayRow> {
    const tableRows = this.tables.get(table);
    if (tableRows === undefined) return;
    const keys = tableRows.sortedKeys();
    const first = options.from === undefined ? 0 : lowerBound(keys, latin1Decode(options.from));
    const end = options.to === undefined ? keys.length : lowerBound(keys, latin1Decode(options.to));
    for (let offset = 0; offset < end - first; offset++) {
      const key = keys[options.reverse ? end - 1 - offset : first + offset]!;
      yield { key, value: tableRows.rows.get(key)! };
    }
  }

  copy(): Overlay {
    const copy = new Overlay();
    for (const [table, rows] of this.tables) copy.tables.set(table, rows.copy());
    copy.bytes = this.bytes;
    return copy;
  }

  /** Every row, for the commit. Nothing may be put meanwhile. */
  *writes(): Generator<OverlayWrite> {
    for (const table of this.tables.keys()) yield* this.writesOf(table);
  }

  /** Likewise, of one table. */
  *writesOf(table: Table): Generator<OverlayWrite> {
    for (const [key, value] of this.tables.get(table)?.rows ?? [])
      yield { table, key: latin1Encode(key), value };
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
