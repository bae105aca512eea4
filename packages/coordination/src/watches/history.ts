/**
 * What the hub needs of the keyspace: its past. The hub asks outside of apply only, except for `recordBefore`, which
 * it also asks while it is told of the change itself.
 */
import type { Key, KeyEvent, KeyRecord, Revision } from '../machine/values.ts';

/** All changes of one revision, in sub-revision order. */
export interface RevisionEvents {
  readonly revision: Revision;
  readonly events: readonly KeyEvent[];
}

/** A stretch of the past. */
export interface HistoryChunk {
  /** Whole revisions (C10), ascending. */
  readonly revisions: readonly RevisionEvents[];
  /** The first revision that this chunk says nothing of; past the current one when there is no more. */
  readonly nextRevision: Revision;
}

export interface HistoryLimits {
  /** No further revision is begun once so many changes were read. */
  readonly rowsMax: number;
  /** No further revision is begun once keys and values came to so many bytes. */
  readonly bytesMax: number;
}

export interface WatchHistory {
  readonly revision: Revision;
  /** Changes before this revision are gone; those at it are not, deletions among them. 0: nothing was compacted. */
  readonly compactRevision: Revision;
  /**
   * Everything that changed from `from` on, up to the limits, but at least one revision if there is one. `from` is
   * between the compact revision and the current one.
   */
  eventsFrom(from: Revision, limits: HistoryLimits): HistoryChunk;
  /** The key's record as of the revision before; undefined where there was none, or compaction took it. */
  recordBefore(key: Key, revision: Revision): KeyRecord | undefined;
}
