/**
 * The Backend port over LMDB. What is written goes to an overlay in memory and is visible at once; a commit writes the
 * overlay in one synced transaction, so that the file always holds the state of some commit (never a mixture, never
 * an unsynced page). Reads look into the overlay, then into the file.
 *
 * Facts of LMDB that this rests on: transactions are copy-on-write and switch over by one checksummed page; a reader
 * sees the tree of the moment it began, whatever is written meanwhile.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend, BackendReplacement, BackendView, Row, ScanOptions, Table } from '@synod/coordination';
import { type LmdbEnvironment, openLmdbEnvironment, syncDirectory } from './lmdb-environment.ts';
import { mergedScan } from './merged-scan.ts';
import { Overlay, REMOVED } from './overlay.ts';

/** In the directory that the backend is given: the store in force, and one that is being filled. */
const IN_FORCE = 'state';
const ASIDE = 'state.new';

export interface LmdbBackendOptions {
  /** Absolute; must exist. */
  readonly directory: string;
  /** Told how long each commit took. */
  readonly committed?: (facts: { readonly rows: number; readonly milliseconds: number }) => void;
}

export class LmdbBackend implements Backend {
  private readonly options: LmdbBackendOptions;
  private environment: LmdbEnvironment;
  /** Written and not yet on its way into the file. */
  private fresh = new Overlay();
  /** On its way into the file. */
  private committing: Overlay | undefined = undefined;
  private readonly waiting: ((error: Error | undefined) => void)[] = [];
  private closed = false;

  /** @throws the error of LMDB when the store cannot be opened. */
  constructor(options: LmdbBackendOptions) {
    this.options = options;
    rmSync(join(options.directory, ASIDE), { recursive: true, force: true });
    this.environment = openLmdbEnvironment(join(options.directory, IN_FORCE));
  }

  /** Rows written and not yet committed. */
  get pendingRows(): number {
    return this.fresh.rowCount + (this.committing?.rowCount ?? 0);
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    const written = this.fresh.get(table, key) ?? this.committing?.get(table, key);
    if (written === undefined) return this.environment.get(table, key);
    return written === REMOVED ? undefined : written;
  }

  scan(table: Table, options: ScanOptions): Iterable<Row> {
    return mergedScan(
      this.environment.scan(table, withoutLimit(options)),
      this.overlays().map((overlay) => overlay.rows(table, options)),
      options,
    );
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.fresh.put(table, key, value);
  }

  remove(table: Table, key: Uint8Array): void {
    this.fresh.put(table, key, REMOVED);
  }

  commit(done: (error: Error | undefined) => void): void {
    this.waiting.push(done);
    if (this.committing === undefined) this.commitFresh();
  }

  view(): BackendView {
    const reader = this.environment.beginRead();
    // Overlays that are committed later are not written to any more; the fresh one is, so it is copied.
    const overlays = [this.fresh.copy(), ...(this.committing === undefined ? [] : [this.committing])];
    return {
      get(table, key) {
        for (const overlay of overlays) {
          const written = overlay.get(table, key);
          if (written !== undefined) return written === REMOVED ? undefined : written;
        }
        return reader.get(table, key);
      },
      scan: (table, options) =>
        mergedScan(
          reader.scan(table, withoutLimit(options)),
          overlays.map((overlay) => overlay.rows(table, options)),
          options,
        ),
      close: () => reader.close(),
    };
  }

  beginReplace(): BackendReplacement {
    const aside = join(this.options.directory, ASIDE);
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    const environment = openLmdbEnvironment(aside);
    return {
      put: (table, key, value) => environment.fill(table, key, value),
      finish: (done) => this.finishReplace(environment, aside, done),
      abort: () => {
        void environment.close().then(() => rmSync(aside, { recursive: true, force: true }));
      },
    };
  }

  sizes(): { totalBytes: number; usedBytes: number } {
    return this.environment.sizes();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.environment.close();
  }

  private overlays(): Overlay[] {
    return this.committing === undefined ? [this.fresh] : [this.fresh, this.committing];
  }

  private commitFresh(): void {
    const { environment } = this;
    const overlay = this.fresh;
    const dones = this.waiting.splice(0);
    this.fresh = new Overlay();
    this.committing = overlay;
    const startedMs = performance.now();
    environment.write(overlay).then(
      () => {
        this.options.committed?.({ rows: overlay.rowCount, milliseconds: performance.now() - startedMs });
        this.committed(overlay);
        for (const done of dones) done(undefined);
      },
      (error: Error) => {
        // What was not written stays visible; the member is about to stop.
        for (const done of dones) done(error);
      },
    );
  }

  private committed(overlay: Overlay): void {
    if (this.committing === overlay) this.committing = undefined;
    if (this.waiting.length > 0 && !this.closed) this.commitFresh();
  }

  /**
   * Syncs the new store, gives it the old one's name, and serves from it. The rename happens before this returns; the
   * directory's sync, which makes it last, before `done`. A power cut between leaves one store or the other, whole.
   */
  private finishReplace(
    environment: LmdbEnvironment,
    aside: string,
    done: (error: Error | undefined) => void,
  ): void {
    const inForce = join(this.options.directory, IN_FORCE);
    const old = this.environment;
    environment.syncNow();
    rmSync(inForce, { recursive: true, force: true });
    renameSync(aside, inForce);
    this.environment = environment;
    this.fresh = new Overlay();
    this.committing = undefined;
    void old.close();
    syncDirectory(this.options.directory, done);
  }
}

/** The limit is of the merged rows: an overlay may take away rows of the file. */
function withoutLimit({ limit: _, ...options }: ScanOptions): ScanOptions {
  return options;
}
