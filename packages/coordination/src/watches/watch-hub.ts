/**
 * Brings every change to everybody who watches it: in order, once, without gaps (C7 to C9), whatever each can take
 * (C18). Present changes come by `publish`, inside apply, and go straight to the sinks of watchers that are synced.
 * A watcher whose stream is paused, or that wants the past, is behind: nothing is kept for it but the revision from
 * which on it has to be told, and `catchUp` reads that from the keyspace's history in steps, between applies. At the
 * step that reaches the current revision it becomes synced, so no change is between the two ways or in both.
 *
 * Knows no protocol, no connection and no time.
 */
import { assert } from '@synod/consensus';
import { type KeyEvent, type Revision, revision as toRevision } from '../machine/values.ts';
import { addPrevious, Gathering } from './gathering.ts';
import type { HistoryChunk, WatchHistory } from './history.ts';
import { WATCH_LIMITS, type WatchLimits } from './limits.ts';
import type { WatchSink, WatchSpec } from './watch.ts';
import { type StreamOwner, WatchStream } from './watch-stream.ts';
import { Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

export class WatchHub {
  private readonly history: WatchHistory;
  private readonly limits: WatchLimits;
  /** The last revision published, or found in the history at the start or after a restore. Monotonic. */
  private revision: Revision;
  private readonly streams = new Set<WatchStream>();
  /** Watchers to be told of what is published. */
  private readonly synced = new WatcherIndex();
  /** Watchers for whom the past has to be read. */
  private readonly behind = new WatcherIndex();
  /** Streams that are not paused and have watchers behind, in the order of their turns. */
  private readonly ready = new Set<WatchStream>();
  /**
   * Rows to read in the next step. What a step reads past its limit of deliveries is read again, so it follows what
   * steps could use: many watchers of everything need few rows, many of little need many.
   */
  private rowsAStep: number;
  /** Sinks are being told of changes. A sink may call back: progress then waits until all were told (C12). */
  private isTelling = false;
  /** Streams that wanted to report progress meanwhile. */
  private readonly reporting = new Set<WatchStream>();
  /** How many watchers stand in each place. */
  private readonly counts = { synced: 0, behind: 0 };
  private readonly owner: StreamOwner;

  constructor(history: WatchHistory, limits: WatchLimits = WATCH_LIMITS) {
    this.history = history;
    this.limits = limits;
    this.rowsAStep = limits.rowsAStepMax;
    this.revision = history.revision;
    this.owner = this.ownerOfStreams();
  }

  /** Whether `catchUp` has something to do. */
  get hasWork(): boolean {
    return this.ready.size > 0;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  get watcherCounts(): { readonly synced: number; readonly behind: number } {
    return this.counts;
  }

  openStream(sink: WatchSink): WatchStream {
    const stream = new WatchStream(this.owner, sink);
    this.streams.add(stream);
    return stream;
  }

  /** All changes of one revision, which was just applied. */
  publish(revision: Revision, events: readonly KeyEvent[]): void {
    assert(revision > this.revision, 'revisions are published once and in order');
    this.revision = revision;
    if (this.synced.isEmpty) return;
    const first = events[0];
    this.isTelling = true;
    if (events.length === 1 && first !== undefined) this.publishOne(revision, first, events);
    else this.publishMany(revision, events);
    this.isTelling = false;
    this.reportPostponed();
  }

  /** The state was replaced by a snapshot: what lies between was not published, and is read from the history. */
  restored(): void {
    const nextRevision = toRevision(this.revision + 1);
    assert(this.history.revision >= this.revision, 'a snapshot does not take the state back');
    this.revision = this.history.revision;
    for (const stream of this.streams) {
      for (const watcher of stream.watchers.values()) {
        if (watcher.place !== 'synced') continue;
        if (watcher.nextRevision < nextRevision) watcher.nextRevision = nextRevision;
        if (watcher.nextRevision <= this.revision) this.fallBehind(watcher, watcher.nextRevision);
      }
    }
  }

  /**
   * Reads about `rowsMax` changes of the past for those behind, fewer when they are for many. The owner calls it, between
   * applies, while `hasWork`.
   */
  catchUp(rowsMax: number): void {
    assert(this.history.revision === this.revision, 'every revision is published before the past is read');
    for (let rows = 0; rows < rowsMax; ) {
      const stream = firstOf(this.ready);
      if (stream === undefined) return;
      rows += this.step(stream, rowsMax - rows);
    }
  }

  /** The frequent case, a put: everybody gets the very list that came, so nothing is allocated for each. */
  private publishOne(revision: Revision, event: KeyEvent, events: readonly KeyEvent[]): void {
    const watching: Watcher[] = [];
    this.synced.collect(event.record.key, watching);
    let withPrevious: readonly KeyEvent[] | undefined;
    for (const watcher of watching) {
      // An earlier sink may have cancelled this one meanwhile.
      if (watcher.place !== 'synced' || !watcher.wants(event, revision)) continue;
      if (watcher.stream.isPaused) {
        this.fallBehind(watcher, revision);
        continue;
      }
      if (watcher.previous) withPrevious ??= [addPrevious(this.history, event, revision)];
      watcher.stream.sink.events(watcher.id, revision, watcher.previous ? withPrevious! : events);
    }
  }

  private publishMany(revision: Revision, events: readonly KeyEvent[]): void {
    const gathering = new Gathering(this.history, this.synced);
    for (const event of events) gathering.add(event, revision, isAnybody);
    for (const watcher of gathering.concerned) {
      const gathered = watcher.gathered!;
      watcher.gathered = undefined;
      if (watcher.place !== 'synced') continue;
      if (watcher.stream.isPaused) this.fallBehind(watcher, revision);
      else watcher.stream.sink.events(watcher.id, revision, gathered);
    }
  }

  /**
   * One stream's turn: its hindmost watcher is told the next part of the past, and with it all who wait for some of the
   * same part. @returns the changes read, at least 1, or TURN_IS_OVER.
   */
  private step(stream: WatchStream, rowsMax: number): number {
    // To the end of the queue: all streams get their turn, however much one has to catch up.
    this.ready.delete(stream);
    this.ready.add(stream);
    this.endCompacted(stream);
    const hindmost = hindmostOf(stream);
    if (stream.isPaused || hindmost === undefined) {
      this.settle(stream);
      return 1;
    }
    const from = hindmost.nextRevision;
    const chunk = this.history.eventsFrom(from, {
      rowsMax: Math.min(rowsMax, this.rowsAStep),
      bytesMax: this.limits.bytesAStepMax,
    });
    assert(chunk.nextRevision > from, 'reading the past goes forward');
    return this.tell(from, chunk);
  }

  /** Brings everybody who stands in a part of the past to its end. */
  private tell(from: Revision, chunk: HistoryChunk): number {
    // Taken down before any sink is called: a sink may make new watchers, who were not told of this part.
    const waiting: Watcher[] = [];
    for (const stream of this.ready) {
      for (const watcher of stream.behind) {
        if (watcher.nextRevision >= from && watcher.nextRevision < chunk.nextRevision) waiting.push(watcher);
      }
    }
    const isWaiting = (watcher: Watcher): boolean => watcher.nextRevision >= from && !watcher.stream.isPaused;
    const gathering = new Gathering(this.history, this.behind);
    let end = chunk.nextRevision;
    let rows = 0;
    let isFull = false;
    this.rowsAStep = Math.min(2 * this.rowsAStep, this.limits.rowsAStepMax);
    for (const { revision, events } of chunk.revisions) {
      for (const event of events) gathering.add(event, revision, isWaiting);
      rows += events.length;
      if (gathering.deliveries < this.limits.deliveriesAStepMax) continue;
      end = toRevision(revision + 1);
      this.rowsAStep = Math.max(rows, 1);
      isFull = true;
      break;
    }
    const streams = new Set<WatchStream>();
    this.isTelling = true;
    for (const watcher of waiting) {
      streams.add(watcher.stream);
      this.advance(watcher, end);
    }
    this.isTelling = false;
    for (const stream of streams) this.settle(stream);
    this.reportPostponed();
    return isFull ? TURN_IS_OVER : Math.max(rows, 1);
  }

  /** Delivers what was gathered for a watcher, unless its stream has been paused meanwhile, and moves it to `end`. */
  private advance(watcher: Watcher, end: Revision): void {
    const { gathered, stream } = watcher;
    watcher.gathered = undefined;
    if (watcher.place !== 'behind' || watcher.nextRevision >= end) return;
    if (gathered !== undefined && stream.isPaused) return;
    watcher.nextRevision = end;
    if (end > this.revision) this.catchesUp(watcher);
    if (gathered !== undefined) stream.sink.events(watcher.id, this.revision, gathered);
  }

  /** Ends the watchers of a stream whose next revision is gone. */
  private endCompacted(stream: WatchStream): void {
    const { compactRevision } = this.history;
    const gone = [...stream.behind].filter((watcher) => watcher.nextRevision < compactRevision);
    for (const watcher of gone) {
      if (stream.isPaused) return;
      // An earlier call of the sink may have cancelled this one.
      if (watcher.place !== 'behind') continue;
      stream.end(watcher);
      stream.sink.compacted(watcher.id, compactRevision, this.revision);
    }
  }

  /** After a step: a stream that has caught up leaves the queue, and gets the progress it asked for. */
  private settle(stream: WatchStream): void {
    if (stream.behind.size === 0) this.ready.delete(stream);
    stream.reportProgress();
  }

  private reportPostponed(): void {
    if (this.reporting.size === 0) return;
    const streams = [...this.reporting];
    this.reporting.clear();
    for (const stream of streams) stream.reportProgress();
  }

  private fallBehind(watcher: Watcher, nextRevision: Revision): void {
    this.leavePlace(watcher);
    watcher.nextRevision = nextRevision;
    this.enter(watcher, 'behind');
  }

  private catchesUp(watcher: Watcher): void {
    this.leavePlace(watcher);
    this.enter(watcher, 'synced');
  }

  private enter(watcher: Watcher, place: 'synced' | 'behind'): void {
    watcher.place = place;
    this[place].add(watcher);
    this.counts[place]++;
    if (place === 'synced') return;
    watcher.stream.behind.add(watcher);
    if (!watcher.stream.isPaused) this.ready.add(watcher.stream);
  }

  private leavePlace(watcher: Watcher): void {
    const { place } = watcher;
    if (place === 'over') return;
    watcher.place = 'over';
    this[place].remove(watcher);
    this.counts[place]--;
    watcher.stream.behind.delete(watcher);
  }

  private admit(stream: WatchStream, id: number, spec: WatchSpec): Watcher {
    const isPast = spec.startRevision > 0 && spec.startRevision <= this.revision;
    // A start in the future waits for it (C16).
    const nextRevision = toRevision(
      isPast ? spec.startRevision : Math.max(spec.startRevision, this.revision + 1),
    );
    const watcher = new Watcher({ stream, id, spec, place: 'over', nextRevision });
    this.enter(watcher, isPast ? 'behind' : 'synced');
    return watcher;
  }

  private ownerOfStreams(): StreamOwner {
    const hub = this;
    return {
      get revision(): Revision {
        return hub.revision;
      },
      admit: (stream, id, spec) => this.admit(stream, id, spec),
      dismiss: (watcher) => this.leavePlace(watcher),
      paused: (stream) => this.ready.delete(stream),
      resumed: (stream) => {
        if (stream.behind.size > 0) this.ready.add(stream);
      },
      postponesProgress: (stream) => {
        if (this.isTelling) this.reporting.add(stream);
        return this.isTelling;
      },
      closed: (stream) => {
        this.ready.delete(stream);
        this.reporting.delete(stream);
        this.streams.delete(stream);
      },
    };
  }
}

/** What a step that told enough counts for: more rows than any turn has. */
const TURN_IS_OVER = Number.POSITIVE_INFINITY;

const isAnybody = (): boolean => true;

function firstOf<Value>(set: ReadonlySet<Value>): Value | undefined {
  for (const value of set) return value;
  return undefined;
}

function hindmostOf(stream: WatchStream): Watcher | undefined {
  let hindmost: Watcher | undefined;
  for (const watcher of stream.behind) {
    if (hindmost === undefined || watcher.nextRevision < hindmost.nextRevision) hindmost = watcher;
  }
  return hindmost;
}
