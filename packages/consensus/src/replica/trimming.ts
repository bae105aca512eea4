/**
 * Decides when the state is made durable and how far the log may then be forgotten. Trim ≤ durable state ≤ applied
 * (R9), with a margin so that a short lag needs no snapshot. Decides only; the replica carries it out.
 */
import {
  CATCH_UP_BYTES_SHARE,
  CATCH_UP_ENTRIES_DEFAULT,
  JOURNAL_BYTES_MAX,
  LOG_BYTES_DEFAULT,
  LOG_BYTES_DURING_TRANSFER_FACTOR,
  SNAPSHOT_COUNT_DEFAULT,
} from './limits.ts';

export interface TrimmingOptions {
  /** Applied entries that cause a persist. */
  readonly snapshotCount: number;
  /** Entries kept behind the durable state. */
  readonly catchUpEntries: number;
  /** Bytes of log in the heap that cause a persist. */
  readonly logBytesMax: number;
}

export const TRIMMING_DEFAULTS: TrimmingOptions = {
  snapshotCount: SNAPSHOT_COUNT_DEFAULT,
  catchUpEntries: CATCH_UP_ENTRIES_DEFAULT,
  logBytesMax: LOG_BYTES_DEFAULT,
};

export interface LogFacts {
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly trimmedIndex: number;
  readonly logBytes: number;
  readonly journalBytes: number;
}

export function shouldPersist(facts: LogFacts, persistedIndex: number, options: TrimmingOptions): boolean {
  const appliedSince = facts.appliedIndex - Math.max(persistedIndex, facts.trimmedIndex);
  if (appliedSince >= options.snapshotCount) return true;
  if (facts.logBytes <= options.logBytesMax && facts.journalBytes <= JOURNAL_BYTES_MAX) return false;
  // Too large: but a persist is worth its cost only if the trim after it gives something back.
  return appliedSince > 0 && trimTarget(facts, facts.appliedIndex, undefined, options) > facts.trimmedIndex;
}

/**
 * Everything at and below the result may go. `durableIndex`: where the state survives without the log.
 * `neededAfter`: a snapshot of that index is on its way, and its receiver will go on from there.
 */
export function trimTarget(
  facts: LogFacts,
  durableIndex: number,
  neededAfter: number | undefined,
  options: TrimmingOptions,
): number {
  const entries = Math.max(1, facts.lastIndex - facts.trimmedIndex);
  const averageBytes = Math.max(1, facts.logBytes / entries);
  const keptBytesMax = options.logBytesMax * CATCH_UP_BYTES_SHARE;
  const kept = Math.min(options.catchUpEntries, Math.floor(keptBytesMax / averageBytes));
  const target = Math.min(durableIndex, facts.appliedIndex) - kept;
  if (neededAfter === undefined || facts.logBytes > options.logBytesMax * LOG_BYTES_DURING_TRANSFER_FACTOR)
    return target;
  return Math.min(target, neededAfter);
}
