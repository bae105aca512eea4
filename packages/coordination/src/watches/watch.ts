/** What a watcher asks for and what it is told: the words between the hub and the services. */
import type { KeyEvent, KeyRecord, KeySpan, Revision } from '../machine/values.ts';

/** What to watch; defaults are written out by whoever builds it. */
export interface WatchSpec {
  /** undefined: the stream chooses. */
  readonly id: number | undefined;
  readonly span: KeySpan;
  /** The first revision wanted; 0: whatever comes after now. */
  readonly startRevision: number;
  readonly puts: boolean;
  readonly deletes: boolean;
  /** Events carry the record before the change, where compaction left it. */
  readonly previous: boolean;
}

export interface WatchEvent extends KeyEvent {
  readonly previous?: KeyRecord | undefined;
}

export type WatchCreation =
  | { readonly kind: 'created'; readonly id: number }
  | { readonly kind: 'refused'; readonly why: 'duplicateWatchId' | 'emptySpan' };

/** Where a stream's happenings go. Calls come in revision order for one watcher (C7), and never inside `create`. */
export interface WatchSink {
  /** Whole revisions, ascending (C10). `revision`: the keyspace's when this was gathered. The list must not be changed. */
  events(id: number, revision: Revision, events: readonly WatchEvent[]): void;
  /** The watcher wanted what compaction took; it is over. */
  compacted(id: number, compactRevision: Revision, revision: Revision): void;
  /** All at or below `revision` was delivered (C12): for one watcher, or (undefined) for all of this stream. */
  progress(id: number | undefined, revision: Revision): void;
}
