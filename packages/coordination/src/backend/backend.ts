/**
 * The Backend port: an ordered byte store for state that outgrows the heap.
 *
 * Writes are visible to reads at once, and durable after `commit` calls back: everything written before the call, as
 * one atomic step. A power cut at any instant leaves exactly the state of some past commit, so the applied index that
 * travels in the same batch always tells the truth, and replay from the journal restores the rest.
 *
 * But for one thing, so that a large commit need not be handed over in one go: rows put into the revisions' table may be
 * durable before the rest of their commit, and a power cut may leave some of them without it. Their owner knows by the
 * revision in the rest that they do not count, and removes them when it opens.
 *
 * Rows are bytes under (table, key), keys ordered by byte. Implementations pass the contract suite in
 * ../../test/backend/contract-suite.ts.
 */

/** Each module has its own tables. Numbers are part of the format and never used again for something else. */
export const TABLE = {
  meta: 0,
  revisions: 1,
  leases: 2,
  members: 3,
  origins: 4,
  alarms: 5,
  auth: 6,
} as const;
export type Table = (typeof TABLE)[keyof typeof TABLE];

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface ScanOptions {
  /** First key, inclusive; undefined: from the start. */
  readonly from?: Uint8Array | undefined;
  /** End key, exclusive; undefined: to the end. */
  readonly to?: Uint8Array | undefined;
  readonly reverse?: boolean;
  readonly limit?: number;
  /**
   * The bytes of a row are good only until the next row is asked for, or anything else is read: for walks through
   * everything, where the copies would cost more than the rest.
   */
  readonly borrowed?: boolean;
}

export interface BackendReader {
  /** The row's value, whose bytes the caller must not change and may keep. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** Rows in key order. Rows may be written while the scan is open; whether it shows those is not promised. */
  scan(table: Table, options: ScanOptions): Iterable<Row>;
}

export interface Backend extends BackendReader {
  put(table: Table, key: Uint8Array, value: Uint8Array): void;
  remove(table: Table, key: Uint8Array): void;
  /** Makes everything written so far durable, as one step, without holding up reads or writes. One at a time: calls queue. */
  commit(done: (error: Error | undefined) => void): void;
  /** A consistent view of everything written so far (committed or not), unharmed by later writes. */
  view(): BackendView;
  /** An empty store beside this one, to be filled and then put in its place in one durable step. */
  beginReplace(): BackendReplacement;
  /**
   * Gives the space that nothing uses back to the disk. Reads and writes go on, commits wait. What goes wrong leaves
   * the store as it was; asked again meanwhile, both calls end together.
   */
  defragment(done: (error: Error | undefined) => void): void;
  /** Rows written and not yet durable: what a crash would leave to the journal's replay. */
  readonly pendingRows: number;
  /** Bytes that were written and that `sizes` does not count yet. */
  readonly pendingBytes: number;
  /** Bytes the store takes on disk, and bytes of those in use. */
  sizes(): { readonly totalBytes: number; readonly usedBytes: number };
  close(): Promise<void>;
}

export interface BackendView extends BackendReader {
  close(): void;
}

export interface BackendReplacement {
  put(table: Table, key: Uint8Array, value: Uint8Array): void;
  /** From the return on, the backend shows the new rows; `done` when that survives a power cut. */
  finish(done: (error: Error | undefined) => void): void;
  abort(): void;
}
