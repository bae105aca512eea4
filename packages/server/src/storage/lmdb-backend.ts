/**
 * The Backend port over LMDB. What is written goes to an overlay in memory and is visible at once. `commit` seals the
 * overlay and writes it in one synced transaction, so that the file always holds the state of some commit: never a
 * mixture, never an unsynced page. (Of a large commit, rows that do not count yet are written ahead: commit-parts.ts.) Reads look into the overlays, newest first, then into the file.
 *
 * Facts of LMDB that this rests on: transactions are copy-on-write and switch over by one checksummed page; a reader
 * sees the tree of the moment it began, whatever is written meanwhile.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@synod/consensus';
import type {
  Backend,
  BackendReader,
  BackendReplacement,
  BackendView,
  Row,
  ScanOptions,
  Table,
} from '@synod/coordination';
import { commitParts } from './commit-parts.ts';
import { LmdbEnvironment, removeEnvironment, syncDirectory } from './lmdb-environment.ts';
import { mergedScan } from './merged-scan.ts';
import { Overlay, REMOVED } from './overlay.ts';

/** In the directory that the backend is given: the store in force, one that is being filled, and a copy without holes. */
export const STATE_FILE = 'state.lmdb';
const ASIDE = 'state.new.lmdb';
const COPY = 'state.copy.lmdb';

export interface DefragmentationFacts {
  readonly milliseconds: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface LmdbBackendOptions {
  /** Absolute; must exist. */
  readonly directory: string;
  /** Told how long each commit took. */
  readonly committed?: (facts: { readonly rows: number; readonly milliseconds: number }) => void;
  /** Told how long each defragmentation took, and what the store took on disk before and after. */
  readonly defragmented?: (facts: DefragmentationFacts) => void;
  /** Told for how long each view was held. */
  readonly viewClosed?: (milliseconds: number) => void;
}

type StoreSizes = ReturnType<Backend['sizes']>;

/** An overlay that nothing is written to any more, and who waits until it is in the file. */
interface SealedOverlay {
  readonly overlay: Overlay;
  readonly done: (error: Error | undefined) => void;
}

export class LmdbBackend implements Backend {
  private readonly options: LmdbBackendOptions;
  private environment: LmdbEnvironment;
  /** Written since the last call of `commit`. */
  private fresh = new Overlay();
  /** On its way into the file first, then what waits for its turn; oldest first. */
  private readonly sealed: SealedOverlay[] = [];
  /** Set while sealed overlays are being written. */
  private writing: Promise<void> | undefined = undefined;
  /** Of the file when the commit under way began: until that ends its rows count as pending, and must not count twice. */
  private sizesBeforeWrite: StoreSizes | undefined = undefined;
  /** Set while the store is copied: no commit begins. */
  private copying: Promise<void> | undefined = undefined;
  /** Who waits for the copy. */
  private defragmenting: ((error: Error | undefined) => void)[] = [];
  /** Of a commit. Final: nothing is tried after it, and the member stops. */
  private failure: Error | undefined = undefined;
  private closed = false;
  /** Views that nobody closed yet. */
  private openViews = 0;

  /** @throws the error of LMDB when the store cannot be opened. */
  constructor(options: LmdbBackendOptions) {
    this.options = options;
    removeEnvironment(join(options.directory, ASIDE));
    removeEnvironment(join(options.directory, COPY));
    this.environment = new LmdbEnvironment(join(options.directory, STATE_FILE));
  }

  get openViewCount(): number {
    return this.openViews;
  }

  get isDefragmenting(): boolean {
    return this.copying !== undefined;
  }

  /** Rows written and not yet in the file. */
  get pendingRows(): number {
    return this.overlays().reduce((rows, overlay) => rows + overlay.rowCount, 0);
  }

  /** Bytes of their keys and values: what the overlays keep from the garbage collector. */
  get pendingBytes(): number {
    return this.overlays().reduce((bytes, overlay) => bytes + overlay.bytes, 0);
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return getThrough(this.overlays(), this.environment, table, key);
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return scanThrough(this.overlays(), this.environment, table, options);
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.fresh.put(table, key, value);
  }

  remove(table: Table, key: Uint8Array): void {
    this.fresh.put(table, key, REMOVED);
  }

  commit(done: (error: Error | undefined) => void): void {
    assert(!this.closed, 'a closed backend is not committed');
    if (this.failure !== undefined) {
      done(this.failure);
      return;
    }
    this.sealed.push({ overlay: this.fresh, done });
    this.fresh = new Overlay();
    this.writeSealed();
  }

  /** A copy of the file's tree in the place of the file: what is written meanwhile stays in overlays, for all to see. */
  defragment(done: (error: Error | undefined) => void): void {
    assert(!this.closed, 'a closed backend is not defragmented');
    this.defragmenting.push(done);
    this.copying ??= this.copy();
  }

  view(): BackendView {
    const reader = this.environment.beginRead();
    // Sealed overlays are never written to again; the fresh one is, so it is copied.
    const overlays = [this.fresh.copy(), ...this.overlays().slice(1)];
    const openedMs = performance.now();
    let isOpen = true;
    this.openViews++;
    return {
      get: (table, key) => getThrough(overlays, reader, table, key),
      scan: (table, options) => scanThrough(overlays, reader, table, options),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        reader.close();
        this.openViews--;
        this.options.viewClosed?.(performance.now() - openedMs);
      },
    };
  }

  beginReplace(): BackendReplacement {
    const aside = join(this.options.directory, ASIDE);
    removeEnvironment(aside);
    const environment = new LmdbEnvironment(aside);
    return {
      put: (table, key, value) => environment.fill(table, key, value),
      finish: (done) => this.finishReplace(environment, done),
      abort: () => void environment.close().then(() => removeEnvironment(aside)),
    };
  }

  sizes(): StoreSizes {
    return this.sizesBeforeWrite ?? this.environment.sizes();
  }

  /** Waits for the commit under way. What was not committed is lost, as in a power cut. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.copying;
    await this.environment.close();
  }

  /** Newest first: the order in which reads look. */
  private overlays(): Overlay[] {
    const overlays = [this.fresh];
    for (let index = this.sealed.length - 1; index >= 0; index--) overlays.push(this.sealed[index]!.overlay);
    return overlays;
  }

  /** One commit after the other, by one run of this at a time. */
  private writeSealed(): void {
    if (this.copying !== undefined || this.sealed.length === 0) return;
    this.writing ??= this.writeAllSealed().finally(() => {
      this.writing = undefined;
      // Asked for since the last one ended.
      if (this.failure === undefined) this.writeSealed();
    });
  }

  private async writeAllSealed(): Promise<void> {
    for (
      let next = this.sealed[0];
      next !== undefined && !this.closed && this.copying === undefined;
      next = this.sealed[0]
    ) {
      const startedMs = performance.now();
      this.sizesBeforeWrite = this.environment.sizes();
      this.failure ??= await this.write(next.overlay);
      this.sizesBeforeWrite = undefined;
      // After a failure the overlay stays, so that what was written stays visible; the member is about to stop.
      if (this.failure !== undefined) {
        this.tellSealed(this.failure);
        return;
      }
      // A replacement takes away the overlays that were meant for the store before it, but not who waits for them.
      this.sealed.shift();
      const milliseconds = performance.now() - startedMs;
      this.options.committed?.({ rows: next.overlay.rowCount, milliseconds });
      next.done(undefined);
    }
  }

  /** @returns what went wrong, if anything did */
  private async write(overlay: Overlay): Promise<Error | undefined> {
    const { environment } = this;
    for (const part of commitParts(overlay)) {
      const error = await environment.write(part);
      // What replaced the store meanwhile is durable by itself.
      if (error !== undefined || this.environment !== environment) return error;
    }
    return undefined;
  }

  /** Their overlays stay. */
  private tellSealed(failure: Error): void {
    const told = this.sealed.map(({ done }) => done);
    for (const [index, { overlay }] of this.sealed.entries())
      this.sealed[index] = { overlay, done: waitsNoMore };
    for (const done of told) done(failure);
  }

  private async copy(): Promise<void> {
    await this.writing;
    const startedMs = performance.now();
    const bytesBefore = this.sizes().totalBytes;
    const error = this.failure ?? (await this.takeCopy().catch((thrown: Error) => thrown));
    const milliseconds = performance.now() - startedMs;
    if (error === undefined && !this.closed)
      this.options.defragmented?.({ milliseconds, bytesBefore, bytesAfter: this.sizes().totalBytes });
    this.copying = undefined;
    const waiting = this.defragmenting;
    this.defragmenting = [];
    for (const done of waiting) done(error);
    this.writeSealed();
  }

  /** @returns why the store is still the one it was */
  private async takeCopy(): Promise<Error | undefined> {
    const source = this.environment;
    const path = join(this.options.directory, COPY);
    removeEnvironment(path);
    const error = await source.copyTo(path);
    // One that replaced the store meanwhile has no holes either, and the copy is of the past.
    if (error !== undefined || this.closed || this.environment !== source) {
      removeEnvironment(path);
      return error;
    }
    try {
      this.environment = new LmdbEnvironment(path);
      renameSync(path, join(this.options.directory, STATE_FILE));
    } catch (thrown) {
      if (this.environment !== source) void this.environment.close();
      this.environment = source;
      removeEnvironment(path);
      return thrown as Error;
    }
    void source.close();
    // A commit before that lasts could go to a file whose name a power cut gives back to the old one.
    this.failure ??= await new Promise<Error | undefined>((synced) =>
      syncDirectory(this.options.directory, synced),
    );
    return this.failure;
  }

  /**
   * Syncs the new store, gives it the old one's name in one rename, and serves from it. The rename happens before this
   * returns; the directory's sync, which makes it last, before `done`. A power cut leaves one store or the other, whole.
   */
  private finishReplace(environment: LmdbEnvironment, done: (error: Error | undefined) => void): void {
    environment.syncNow();
    renameSync(environment.path, join(this.options.directory, STATE_FILE));
    const old = this.environment;
    this.environment = environment;
    this.sizesBeforeWrite = undefined;
    this.fresh = new Overlay();
    for (const [index, waiting] of this.sealed.entries())
      this.sealed[index] = { overlay: new Overlay(), done: waiting.done };
    void old.close();
    syncDirectory(this.options.directory, done);
  }
}

function waitsNoMore(): void {}

function getThrough(
  overlays: readonly Overlay[],
  file: BackendReader,
  table: Table,
  key: Uint8Array,
): Uint8Array | undefined {
  for (const overlay of overlays) {
    const written = overlay.get(table, key);
    if (written !== undefined) return written === REMOVED ? undefined : written;
  }
  return file.get(table, key);
}

function scanThrough(
  overlays: readonly Overlay[],
  file: BackendReader,
  table: Table,
  options: ScanOptions,
): Iterable<Row> {
  const written = overlays.filter((overlay) => overlay.hasRows(table));
  if (written.length === 0) return file.scan(table, options);
  // The limit is of the merged rows: an overlay may take away rows of the file.
  const { limit: _, ...unlimited } = options;
  return mergedScan(
    file.scan(table, unlimited),
    written.map((overlay) => overlay.rows(table, options)),
    options,
  );
}
