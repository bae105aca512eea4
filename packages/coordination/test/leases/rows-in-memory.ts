/** The few rows that the lease module writes, kept in memory for its tests. */
import type { Backend, Row, Table } from '../../src/backend/backend.ts';

export class RowsInMemory implements Pick<Backend, 'get' | 'scan' | 'put' | 'remove'> {
  private readonly rows = new Map<string, Row & { readonly table: Table }>();

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(nameOf(table, key))?.value;
  }

  *scan(table: Table): Iterable<Row> {
    for (const name of [...this.rows.keys()].sort()) {
      const row = this.rows.get(name);
      if (row?.table === table) yield row;
    }
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.rows.set(nameOf(table, key), { table, key, value });
  }

  remove(table: Table, key: Uint8Array): void {
    this.rows.delete(nameOf(table, key));
  }
}

const nameOf = (table: Table, key: Uint8Array): string => `${table}/${[...key].join(',')}`;
