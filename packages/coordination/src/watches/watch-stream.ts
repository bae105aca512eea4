/**
 * One connection's set of watchers: their ids, whether the connection has room, and what progress it asked for. Moving
 * watchers between present and past is the hub's work.
 */
import { ALL_AFTER, type KeySpan, type Revision } from '../machine/values.ts';
import type { WatchCreation, WatchSink, WatchSpec } from './watch.ts';
import type { Watcher } from './watcher.ts';

/** What a stream asks of its hub. */
export interface StreamOwner {
  readonly revision: Revision;
  /** Makes a watcher and puts it where it belongs. */
  admit(stream: WatchStream, id: number, spec: WatchSpec): Watcher;
  /** Ends a watcher: nothing more is delivered to it. */
  dismiss(watcher: Watcher): void;
  paused(stream: WatchStream): void;
  resumed(stream: WatchStream): void;
  closed(stream: WatchStream): void;
  /** `true`: sinks are being told something just now, so what is delivered up to where is not clear; ask the stream after. */
  postponesProgress(stream: WatchStream): boolean;
}

export class WatchStream {
  /** Where this stream's watchers' happenings go. */
  readonly sink: WatchSink;
  private readonly owner: StreamOwner;
  /** Those that live. Written by the stream only. */
  readonly watchers = new Map<number, Watcher>();
  /** Those that are behind. Written by the hub only. */
  readonly behind = new Set<Watcher>();
  /** Nothing is delivered while it holds. Written by `pause`, `resume` and `close` only. */
  isPaused = false;
  /** Where the search for a free id goes on. Rises, so that ids come again as late as possible. */
  private nextId = 0;
  /** Watchers whose progress was asked for and is still owed. */
  private readonly progressOwed = new Set<Watcher>();
  /** One progress of all watchers was asked for and is still owed. */
  private progressOfAllOwed = false;

  constructor(owner: StreamOwner, sink: WatchSink) {
    this.owner = owner;
    this.sink = sink;
  }

  /** Of those that are behind: who has the most to be told, unless it waits for a large revision as it is. */
  get hindmost(): Watcher | undefined {
    let hindmost: Watcher | undefined;
    for (const watcher of this.behind) {
      if (watcher.audience !== undefined) continue;
      if (hindmost === undefined || watcher.nextRevision < hindmost.nextRevision) hindmost = watcher;
    }
    return hindmost;
  }

  /** Nothing is delivered before this returns, so that the caller can tell its client of the watcher first. */
  create(spec: WatchSpec): WatchCreation {
    if (isEmptySpan(spec.span)) return { kind: 'refused', why: 'emptySpan' };
    if (spec.id !== undefined && this.watchers.has(spec.id))
      return { kind: 'refused', why: 'duplicateWatchId' };
    const id = spec.id ?? this.freeId();
    this.watchers.set(id, this.owner.admit(this, id, spec));
    return { kind: 'created', id };
  }

  /** `false`: there is no such watcher. Nothing of the watcher comes after. */
  cancel(id: number): boolean {
    const watcher = this.watchers.get(id);
    if (watcher === undefined) return false;
    this.end(watcher);
    this.reportProgress();
    return true;
  }

  /** Asks for `progress` of one watcher: comes once it is up to date. A watcher that does not exist is passed over. */
  requestProgress(id: number): void {
    const watcher = this.watchers.get(id);
    if (watcher === undefined) return;
    this.progressOwed.add(watcher);
    this.reportProgress();
  }

  /** Asks for one `progress` of all watchers: comes once all are up to date. Without watchers there is none. */
  requestProgressOfAll(): void {
    if (this.watchers.size === 0) return;
    this.progressOfAllOwed = true;
    this.reportProgress();
  }

  /** While paused the sink gets nothing, and the watchers fall behind without growing (C18). */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.owner.paused(this);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.owner.resumed(this);
    this.reportProgress();
  }

  /** Ends all watchers. The stream must not be used again. */
  close(): void {
    this.isPaused = true;
    this.progressOfAllOwed = false;
    for (const watcher of [...this.watchers.values()]) this.end(watcher);
    this.owner.closed(this);
  }

  /** For the hub: takes a watcher off the list. */
  end(watcher: Watcher): void {
    this.watchers.delete(watcher.id);
    this.progressOwed.delete(watcher);
    if (this.watchers.size === 0) this.progressOfAllOwed = false;
    this.owner.dismiss(watcher);
  }

  /** For the hub: pays what progress is owed and can be paid, after watchers caught up or went (C12). */
  reportProgress(): void {
    if (this.progressOwed.size === 0 && !this.progressOfAllOwed) return;
    if (this.owner.postponesProgress(this)) return;
    for (const watcher of this.progressOwed) {
      if (this.isPaused) return;
      if (watcher.place !== 'synced') continue;
      this.progressOwed.delete(watcher);
      this.sink.progress(watcher.id, this.owner.revision);
    }
    if (!this.progressOfAllOwed || this.isPaused || this.behind.size > 0) return;
    this.progressOfAllOwed = false;
    this.sink.progress(undefined, this.owner.revision);
  }

  private freeId(): number {
    while (this.watchers.has(this.nextId)) this.nextId++;
    return this.nextId++;
  }
}

function isEmptySpan({ from, to }: KeySpan): boolean {
  return to !== undefined && to !== ALL_AFTER && from >= to;
}
