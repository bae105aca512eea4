/**
 * One revision with more changes than anybody could be told of in one turn: a range that was deleted, the end of a
 * lease. It is read from the history part by part, and gathered for those who wait for it until it is whole, because a
 * watcher hears of all its changes at once or of none (C10). Who is told when is the hub's business.
 */
import type { Key, KeyEvent, Revision } from '../machine/values.ts';
import { Audience } from './audience.ts';
import { addPrevious } from './gathering.ts';
import type { WatchHistory } from './history.ts';
import { TURN_IS_OVER, type WatchLimits } from './limits.ts';
import type { WatchEvent } from './watch.ts';
import type { Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

export class LargeRevision {
  readonly revision: Revision;
  private readonly history: WatchHistory;
  private readonly limits: WatchLimits;
  /** When the reading began. */
  private readonly compactRevision: Revision;
  /** In the order in which they joined. */
  private readonly audiences = new Set<Audience>();
  private readonly index = new WatcherIndex<Audience>();
  /** Watchers that wait, over all audiences. */
  private waiting = 0;
  /** Events held, over all audiences. */
  private held = 0;
  /** What was read and not yet gathered begins at `position`. */
  private part: readonly KeyEvent[] = [];
  private position = 0;
  /** Where the next part begins; undefined: all was read. */
  private nextSub: number | undefined = 0;
  /** Others wait for this to be over. Monotonic; written by the hub. */
  isWanted = false;
  /** It was read, and everybody who is not paused was told. Written by the hub. */
  isIdle = false;

  constructor(revision: Revision, history: WatchHistory, limits: WatchLimits) {
    this.revision = revision;
    this.history = history;
    this.limits = limits;
    this.compactRevision = history.compactRevision;
  }

  get isEmpty(): boolean {
    return this.waiting === 0;
  }

  get isFull(): boolean {
    return this.waiting >= this.limits.watchersAReadingMax;
  }

  /** Whether all of it was gathered. */
  get isWhole(): boolean {
    return this.nextSub === undefined && this.position === this.part.length;
  }

  /** Whether compaction came to it meanwhile: what is to be read now may be less than what was read before. */
  get isOvertaken(): boolean {
    const { compactRevision } = this.history;
    return compactRevision !== this.compactRevision && compactRevision >= this.revision;
  }

  /** Those who wait. Any of them may leave meanwhile. */
  *watchers(): Generator<Watcher> {
    for (const audience of this.audiences) yield* audience.members;
  }

  /** Before the first `read`: it will be gathered for this watcher, too. */
  join(watcher: Watcher): void {
    let audience: Audience | undefined;
    for (const each of this.index.of(watcher.span) ?? []) if (each.suits(watcher)) audience = each;
    if (audience === undefined) {
      audience = new Audience(watcher);
      this.audiences.add(audience);
      this.index.add(audience);
    }
    audience.members.add(watcher);
    watcher.audience = audience;
    this.waiting++;
  }

  /** A watcher waits for it no more. What was gathered for nobody else is dropped. */
  leave(watcher: Watcher): void {
    const { audience } = watcher;
    if (audience === undefined) return;
    watcher.audience = undefined;
    audience.members.delete(watcher);
    this.waiting--;
    if (audience.members.size > 0) return;
    this.audiences.delete(audience);
    this.index.remove(audience);
    this.held -= audience.events.length;
  }

  /**
   * Gathers up to `rowsMax` changes, fewer where they are for many, or bytes many. @returns the rows read, those of records
   * before among them; or TURN_IS_OVER
   */
  read(rowsMax: number): number {
    const { deliveriesAStepMax, bytesAStepMax } = this.limits;
    const bytesRead = this.position < this.part.length ? 0 : this.readPart(rowsMax);
    const { part, position } = this;
    let deliveries = 0;
    let lookups = 0;
    let bytes = 0;
    const audiences: Audience[] = [];
    while (this.position < part.length && deliveries < deliveriesAStepMax && bytes < bytesAStepMax) {
      const event = part[this.position++]!;
      this.index.collect(event.record.key, audiences);
      let withPrevious: WatchEvent | undefined;
      for (const audience of audiences) {
        deliveries++;
        if (!audience.wants(event)) continue;
        if (audience.previous) withPrevious ??= addPrevious(this.history, event, this.revision);
        audience.events.push(audience.previous ? withPrevious! : event);
        this.held++;
      }
      if (withPrevious !== undefined) lookups++;
      bytes += withPrevious?.previous?.value.length ?? 0;
      audiences.length = 0;
    }
    this.turnAway();
    const isEnough = deliveries >= deliveriesAStepMax || Math.max(bytes, bytesRead) >= bytesAStepMax;
    return isEnough ? TURN_IS_OVER : Math.max(this.position - position + lookups, 1);
  }

  /** @returns its bytes */
  private readPart(rowsMax: number): number {
    const { rowsAStepMax, bytesAStepMax } = this.limits;
    const { events, nextSub, bytes } = this.history.changesOf(this.revision, this.nextSub!, {
      rowsMax: Math.min(rowsMax, rowsAStepMax),
      bytesMax: bytesAStepMax,
    });
    this.part = events;
    this.position = 0;
    this.nextSub = nextSub;
    return bytes;
  }

  /** Of many different lists, only the first so many are held at one time. */
  private turnAway(): void {
    if (this.held <= this.limits.eventsHeldMax) return;
    this.isWanted = true;
    for (const audience of [...this.audiences].slice(1).reverse()) {
      if (this.held <= this.limits.eventsHeldMax) return;
      for (const watcher of audience.members) this.leave(watcher);
    }
  }
}

/** All keys that changed lie between these, both included. To look at each of them for everybody would take too long. */
export function outermostKeys(events: readonly KeyEvent[]): { readonly first: Key; readonly last: Key } {
  let first = events[0]!.record.key;
  let last = first;
  for (const { record } of events) {
    if (record.key < first) first = record.key;
    else if (record.key > last) last = record.key;
  }
  return { first, last };
}
