/** The keyspace's past, for watchers: what changed, revision by revision, and what a record was before. */
import { TABLE } from '../backend/backend.ts';
import {
  type Key,
  type KeyEvent,
  type KeyRecord,
  type Revision,
  revision as toRevision,
} from '../machine/values.ts';
import type {
  ChunkLimits,
  HistoryChunk,
  HistoryLimits,
  RevisionEvents,
  RevisionPart,
  WatchHistory,
} from '../watches/history.ts';
import { recordAt } from './range.ts';
import { decodeRow, placeOfRowKey, type RowPlace, rowKey } from './row.ts';
import type { KeyspaceStore } from './store.ts';

export class KeyspaceHistory implements WatchHistory {
  private readonly store: KeyspaceStore;

  constructor(store: KeyspaceStore) {
    this.store = store;
  }

  get revision(): Revision {
    return this.store.revision;
  }

  get compactRevision(): Revision {
    return this.store.compactRevision;
  }

  eventsFrom(from: Revision, limits: ChunkLimits): HistoryChunk {
    const revisions: RevisionEvents[] = [];
    let rows = 0;
    let bytes = 0;
    let events: KeyEvent[] = [];
    let gathered = 0;
    for (const { key, value } of this.store.backend.scan(TABLE.revisions, { from: rowKey(from, 0) })) {
      const place = placeOfRowKey(key);
      // What is above belongs to an entry that is not applied to its end.
      if (place.revision > this.store.revision) break;
      if (place.revision !== gathered) {
        if (rows >= limits.rowsMax || bytes >= limits.bytesMax)
          return { revisions, nextRevision: place.revision, isLargeNext: false, bytes };
        gathered = place.revision;
        events = [];
        revisions.push({ revision: place.revision, events });
      }
      if (events.length === limits.changesMax) {
        revisions.pop();
        return { revisions, nextRevision: place.revision, isLargeNext: true, bytes };
      }
      events.push(eventOf(place, value));
      rows++;
      bytes += value.length;
    }
    return { revisions, nextRevision: toRevision(this.store.revision + 1), isLargeNext: false, bytes };
  }

  changesOf(revision: Revision, fromSub: number, limits: HistoryLimits): RevisionPart {
    const events: KeyEvent[] = [];
    let bytes = 0;
    const span = { from: rowKey(revision, fromSub), to: rowKey(revision + 1, 0) };
    for (const { key, value } of this.store.backend.scan(TABLE.revisions, span)) {
      const place = placeOfRowKey(key);
      if (events.length >= limits.rowsMax || bytes >= limits.bytesMax)
        return { events, nextSub: place.sub, bytes };
      events.push(eventOf(place, value));
      bytes += value.length;
    }
    return { events, nextSub: undefined, bytes };
  }

  recordBefore(key: Key, revision: Revision): KeyRecord | undefined {
    // By the compact revision, not by what the sweep has left: every member gives the same answer (S4).
    if (revision - 1 < this.store.compactRevision) return undefined;
    return recordAt(this.store, key, revision - 1);
  }
}

function eventOf(place: RowPlace, row: Uint8Array): KeyEvent {
  const record = decodeRow(place.revision, row);
  return { kind: record.version === 0 ? 'delete' : 'put', record };
}
