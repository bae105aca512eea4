/**
 * Brings every change to everybody who watches it: in order, once, without gaps (C7 to C9), whatever each can take
 * (C18). Present changes come by `publish`, inside apply, and go straight to the sinks of watchers that are synced.
 * A watcher whose stream is paused, or that wants the past, is behind: nothing is kept for it but the revision from
 * which on it has to be told, and `catchUp` reads that from the keyspace's history in steps, between applies. At the
 * step that reaches the current revision it becomes synced, so no change is between the two ways or in both.
 *
 * A revision with very many changes has one way only: whoever may want some of them falls behind, and one such revision
 * at a time is read, over many steps (large-revision.ts).
 *
 * Knows no protocol, no connection and no time.
 */
import { assert } from '@synod/consensus';
import { type KeyEvent, type Revision, revision as toRevision } from '../machine/values.ts';
import { addPrevious, Gathering } from './gathering.ts';
import type { HistoryChunk, WatchHistory } from './history.ts';
import { LargeRevision, outermostKeys } from './large-revision.ts';
import { TURN_IS_OVER, WATCH_LIMITS, type WatchLimits } from './limits.ts';
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
  /**
   * Streams that are not paused and have watchers behind, in the order of their turns; but for those that can only wait
   * for the end of the large revision.
   */
  private readonly ready = new Set<WatchStream>();
  /** The large revision that is being read and told. Those who wait for it are behind. */
  private large: LargeRevision | undefined;
  /** Steps are by turns: one for the large revision, one for a stream. */
  private isLargesTurn = false;
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
    return this.ready.size > 0 || this.large?.isIdle === false;
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
    else if (events.length <= this.limits.changesAtOnceMax) this.publishMany(revision, events);
    else this.putOff(revision, events);
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
    for (let rows = 0; rows < rowsMax && this.hasWork; ) {
      const { large } = this;
      const stream = this.ready.values().next().value;
      this.isLargesTurn = !this.isLargesTurn;
      if (this.isLargesTurn && large?.isIdle === false) rows += this.stepLarge(large, rowsMax - rows);
      else if (stream !== undefined) rows += this.step(stream, rowsMax - rows);
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
    for (const event of events) gathering.add(event, revision);
    for (const watcher of gathering.concerned) {
      const gathered = watcher.gathered!;
      watcher.gathered = undefined;
      if (watcher.place !== 'synced') continue;
      if (watcher.stream.isPaused) this.fallBehind(watcher, revision);
      else watcher.stream.sink.events(watcher.id, revision, gathered);
    }
  }

  /** A large revision: whoever may want some of it will read it. Those who find nothing hear of the next a little later. */
  private putOff(revision: Revision, events: readonly KeyEvent[]): void {
    const { first, last } = outermostKeys(events);
    for (const watcher of this.synced.overlapping(first, last))
      if (watcher.nextRevision <= revision) this.fallBehind(watcher, revision);
  }

  /**
   * One stream's turn: its hindmost watcher is told the next part of the past, and with it all who wait for some of the
   * same part. @returns the rows read, at least 1, or TURN_IS_OVER.
   */
  private step(stream: WatchStream, rowsMax: number): number {
    // To the end of the queue: all streams get their turn, however much one has to catch up.
    this.ready.delete(stream);
    this.ready.add(stream);
    this.endCompacted(stream);
    const { hindmost } = stream;
    if (stream.isPaused || hindmost === undefined) {
      this.ready.delete(stream);
      stream.reportProgress();
      return 1;
    }
    const from = hindmost.nextRevision;
    const chunk = this.history.eventsFrom(from, {
      rowsMax: Math.min(rowsMax, this.rowsAStep),
      bytesMax: this.limits.bytesAStepMax,
      changesMax: this.limits.changesAtOnceMax,
    });
    if (chunk.isLargeNext && chunk.revisions.length === 0)
      return this.meetLarge(hindmost, chunk.nextRevision);
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
    const isWaiting = ({ nextRevision, stream }: Watcher): boolean =>
      nextRevision >= from && this.ready.has(stream);
    const gathering = new Gathering(this.history, this.behind);
    let end = chunk.nextRevision;
    let rows = 0;
    let isFull = chunk.bytes >= this.limits.bytesAStepMax;
    this.rowsAStep = Math.min(2 * this.rowsAStep, this.limits.rowsAStepMax);
    for (const { revision, events } of chunk.revisions) {
      for (const event of events) gathering.add(event, revision, isWaiting);
      rows += events.length;
      const { deliveries, previousBytes } = gathering;
      if (deliveries < this.limits.deliveriesAStepMax && previousBytes < this.limits.bytesAStepMax) continue;
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
    return isFull ? TURN_IS_OVER : Math.max(rows + gathering.lookups, 1);
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

  /** A watcher has come to a large revision. Its stream waits for its end where another one is being read. */
  private meetLarge(hindmost: Watcher, revision: Revision): number {
    if (this.large?.isIdle === true) this.dissolveLarge();
    if (this.large === undefined) this.beginLarge(hindmost, revision);
    else {
      this.large.isWanted = true;
      this.ready.delete(hindmost.stream);
    }
    return this.limits.changesAtOnceMax;
  }

  private beginLarge(hindmost: Watcher, revision: Revision): void {
    const from = hindmost.nextRevision;
    const large = new LargeRevision(revision, this.history, this.limits);
    this.large = large;
    for (const stream of [hindmost.stream, ...this.ready]) {
      for (const watcher of stream.behind) {
        const { nextRevision, audience } = watcher;
        if (nextRevision < from || nextRevision > revision || audience !== undefined || large.isFull)
          continue;
        watcher.nextRevision = revision;
        large.join(watcher);
      }
    }
  }

  private stepLarge(large: LargeRevision, rowsMax: number): number {
    if (!large.isOvertaken) return large.isWhole ? this.tellLarge(large) : large.read(rowsMax);
    this.dissolveLarge();
    return 1;
  }

  /** Tells those who wait for a large revision, as many as one step may; whoever is paused is told when it has room. */
  private tellLarge(large: LargeRevision): number {
    const { revision } = large;
    const streams = new Set<WatchStream>();
    let deliveries = 0;
    large.isIdle = true;
    this.isTelling = true;
    for (const watcher of large.watchers()) {
      const { stream, audience } = watcher;
      if (stream.isPaused) continue;
      large.isIdle = deliveries < this.limits.deliveriesAStepMax;
      if (!large.isIdle) break;
      const { events } = audience!;
      deliveries += 1 + events.length;
      streams.add(stream);
      large.leave(watcher);
      watcher.nextRevision = toRevision(revision + 1);
      if (revision === this.revision) this.catchesUp(watcher);
      else this.ready.add(stream);
      if (events.length > 0) stream.sink.events(watcher.id, this.revision, events);
    }
    this.isTelling = false;
    if (large.isEmpty || (large.isIdle && large.isWanted)) this.dissolveLarge();
    for (const stream of streams) this.settle(stream);
    this.reportPostponed();
    return deliveries < this.limits.deliveriesAStepMax ? Math.max(deliveries, 1) : TURN_IS_OVER;
  }

  /** The large revision is over, or to be begun anew: whoever still waits for it is behind like any other. */
  private dissolveLarge(): void {
    const { large } = this;
    if (large === undefined) return;
    this.large = undefined;
    for (const watcher of large.watchers()) large.leave(watcher);
    for (const stream of this.streams) if (!stream.isPaused && stream.behind.size > 0) this.ready.add(stream);
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
    if (watcher.audience === undefined) return;
    this.large?.leave(watcher);
    if (this.large?.isEmpty) this.dissolveLarge();
  }

  private admit(stream: WatchStream, id: number, spec: WatchSpec): Watcher {
    const isPast = spec.startRevision > 0 && spec.startRevision <= this.revision;
    // A start in the future waits for it (C16).
    const from = isPast ? spec.startRevision : Math.max(spec.startRevision, this.revision + 1);
    const watcher = new Watcher({ stream, id, spec, place: 'over', nextRevision: toRevision(from) });
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
        if (stream.behind.size === 0) return;
        this.ready.add(stream);
        if (this.large !== undefined) this.large.isIdle = false;
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
