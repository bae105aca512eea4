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
  /** Whole revisions (C10), ascending; none of them is large. */
  readonly revisions: readonly RevisionEvents[];
  /** The first revision that this chunk says nothing of; past the current one when there is no more. */
  readonly nextRevision: Revision;
  /** `nextRevision` has more changes than a revision of a chunk may have: `changesOf` reads it in parts. */
  readonly isLargeNext: boolean;
  /** Of keys and values that were read. */
  readonly bytes: number;
}

/** Some of the changes of one revision, in sub-revision order. */
export interface RevisionPart {
  readonly events: readonly KeyEvent[];
  /** Where the next part begins; undefined: there is none. */
  readonly nextSub: number | undefined;
  /** Of its keys and values. */
  readonly bytes: number;
}

export interface HistoryLimits {
  /** No further revision, or change of a large one, is begun once so many changes were read. */
  readonly rowsMax: number;
  /** Likewise, once keys and values came to so many bytes. */
  readonly bytesMax: number;
}

export interface ChunkLimits extends HistoryLimits {
  /** A revision of more changes is large. */
  readonly changesMax: number;
}

export interface WatchHistory {
  readonly revision: Revision;
  /** Changes before this revision are gone; those at it are not, deletions among them. 0: nothing was compacted. */
  readonly compactRevision: Revision;
  /**
   * Everything that changed from `from` on, up to the limits, but at least one revision if there is one that is not large.
   * `from` is between the compact revision and the current one.
   */
  eventsFrom(from: Revision, limits: ChunkLimits): HistoryChunk;
  /** The changes of one revision from `fromSub` on, up to the limits, but at least one. It is not compacted yet. */
  changesOf(revision: Revision, fromSub: number, limits: HistoryLimits): RevisionPart;
  /** The key's record as of the revision before; undefined where there was none, or compaction took it. */
  recordBefore(key: Key, revision: Revision): KeyRecord | undefined;
}
