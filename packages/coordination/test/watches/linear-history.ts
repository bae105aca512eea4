/**
 * The plainest history there can be: every change of every revision in one list, and questions answered by walking it.
 * What the hub is tested on, and what the tests compare with.
 */
import {
  type Key,
  type KeyEvent,
  type KeyRecord,
  key,
  NO_LEASE,
  type Revision,
  revision,
} from '../../src/machine/values.ts';
import type {
  ChunkLimits,
  HistoryChunk,
  HistoryLimits,
  RevisionEvents,
  RevisionPart,
  WatchHistory,
} from '../../src/watches/history.ts';

export class LinearHistory implements WatchHistory {
  readonly all: RevisionEvents[] = [];
  revision: Revision = revision(1);
  compactRevision: Revision = revision(0);
  /** How often the past was read, for tests that count. */
  reads = 0;
  rowsRead = 0;
  lookups = 0;

  /** Applies one transaction: a value for a put, undefined for a deletion. Deletions of nothing change nothing. */
  apply(
    changes: readonly (readonly [name: string, value: string | undefined])[],
  ): RevisionEvents | undefined {
    const next = revision(this.revision + 1);
    const events: KeyEvent[] = [];
    for (const [name, value] of changes) {
      const before = this.recordAt(key(name), this.revision);
      if (value !== undefined) events.push({ kind: 'put', record: put(key(name), value, next, before) });
      else if (before !== undefined) events.push({ kind: 'delete', record: tombstone(key(name), next) });
    }
    if (events.length === 0) return undefined;
    this.revision = next;
    this.all.push({ revision: next, events });
    return this.all.at(-1);
  }

  eventsFrom(from: Revision, limits: ChunkLimits): HistoryChunk {
    if (from < this.compactRevision || from > this.revision) throw new Error(`${from} was asked for`);
    this.reads++;
    const revisions: RevisionEvents[] = [];
    let rows = 0;
    let bytes = 0;
    for (const each of this.all) {
      if (each.revision < from) continue;
      if (rows >= limits.rowsMax || bytes >= limits.bytesMax)
        return { revisions, nextRevision: each.revision, isLargeNext: false, bytes };
      if (each.events.length > limits.changesMax)
        return { revisions, nextRevision: each.revision, isLargeNext: true, bytes };
      revisions.push(each);
      rows += each.events.length;
      this.rowsRead += each.events.length;
      for (const { record } of each.events) bytes += record.key.length + record.value.length;
    }
    return { revisions, nextRevision: revision(this.revision + 1), isLargeNext: false, bytes };
  }

  changesOf(at: Revision, fromSub: number, { rowsMax, bytesMax }: HistoryLimits): RevisionPart {
    if (at < this.compactRevision || at > this.revision) throw new Error(`${at} was asked for`);
    const { events } = this.all.find((each) => each.revision === at)!;
    let end = fromSub;
    let bytes = 0;
    for (; end < events.length && end - fromSub < rowsMax && bytes < bytesMax; end++) {
      const { record } = events[end]!;
      bytes += record.key.length + record.value.length;
    }
    this.rowsRead += end - fromSub;
    return { events: events.slice(fromSub, end), nextSub: end < events.length ? end : undefined, bytes };
  }

  recordBefore(name: Key, at: Revision): KeyRecord | undefined {
    this.lookups++;
    return at - 1 < this.compactRevision ? undefined : this.recordAt(name, at - 1);
  }

  /** The key's record as of a revision, compacted or not. */
  recordAt(name: Key, at: number): KeyRecord | undefined {
    for (let i = this.all.length - 1; i >= 0; i--) {
      const { revision: each, events } = this.all[i]!;
      if (each > at) continue;
      const event = events.find(({ record }) => record.key === name);
      if (event !== undefined) return event.kind === 'put' ? event.record : undefined;
    }
    return undefined;
  }
}

function put(name: Key, value: string, at: Revision, before: KeyRecord | undefined): KeyRecord {
  return {
    key: name,
    value: new TextEncoder().encode(value),
    createRevision: before?.createRevision ?? at,
    modRevision: at,
    version: (before?.version ?? 0) + 1,
    lease: NO_LEASE,
  };
}

function tombstone(name: Key, at: Revision): KeyRecord {
  return {
    key: name,
    value: new Uint8Array(0),
    createRevision: revision(0),
    modRevision: at,
    version: 0,
    lease: NO_LEASE,
  };
}
