/**
 * What watches are to be told, from the history of all keys: a second opinion beside the comparison, and how a test knows
 * when everything has come.
 */
import type { Plain } from './message-shapes.ts';
import type { WatchCreation } from './random-watch-steps.ts';

export interface HistoryEvent {
  /** 0 or left out is a put, 1 a delete. */
  readonly type?: number;
  readonly kv: { readonly key: string; readonly modRevision: number };
  readonly prevKv?: Plain;
}

interface LiveWatch {
  readonly creation: WatchCreation;
  readonly fromRevision: number;
}

export class ExpectedWatches {
  /** Those that live, by id. */
  private readonly live = new Map<number, LiveWatch>();

  get count(): number {
    return this.live.size;
  }

  has(id: number): boolean {
    return this.live.has(id);
  }

  /** `revision`: the newest, when the watch is made. */
  created(id: number, creation: WatchCreation, revision: number): void {
    const fromRevision = creation.startRevision === 0 ? revision + 1 : creation.startRevision;
    this.live.set(id, { creation, fromRevision });
  }

  ended(id: number): void {
    this.live.delete(id);
  }

  /** Whether some watch begins at a revision that is still to come. */
  isEarly(revision: number): boolean {
    return [...this.live.values()].some(({ fromRevision }) => fromRevision > revision);
  }

  /** What these events are to each watch that wants some of them. */
  of(events: readonly HistoryEvent[]): Map<number, unknown[]> {
    const told = new Map<number, unknown[]>();
    for (const id of this.live.keys()) {
      const own = this.ofOne(id, events);
      if (own.length > 0) told.set(id, own);
    }
    return told;
  }

  ofOne(id: number, events: readonly HistoryEvent[]): unknown[] {
    const { creation, fromRevision } = this.live.get(id)!;
    return events
      .filter(({ kv, type }) => {
        if (kv.modRevision < fromRevision || creation.filters.includes(type === 1 ? 1 : 0)) return false;
        return isWithin(kv.key, creation);
      })
      .map((event) => (creation.previous ? event : { ...event, prevKv: undefined }))
      .map(withoutUndefined);
  }
}

function isWithin(key: string, { key: from, rangeEnd }: WatchCreation): boolean {
  const first = from === '' ? '\0' : from;
  if (rangeEnd === '') return key === first;
  return key >= first && (rangeEnd === '\0' || key < rangeEnd);
}

function withoutUndefined(event: object): object {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}
