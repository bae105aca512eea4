/** What a replicated log is made of. The engine knows bytes, never keys. */
import type { Epoch, LogIndex } from './numbers.ts';

/**
 * - `command`: bytes for the state machine.
 * - `noop`: a leader's first entry; the state machine sees it, so that its applied index has no gap.
 * - `membership`: an encoded membership (see membership.ts), for the core and its readers.
 */
export type EntryKind = 'command' | 'noop' | 'membership';

export interface Entry {
  readonly index: LogIndex;
  /** Raft: the term of the leader that appended it. Paxos: the ballot it was accepted at. */
  readonly epoch: Epoch;
  readonly kind: EntryKind;
  /** Never changed once made: the journal, the peers' messages and the state machine share these bytes. */
  readonly payload: Uint8Array;
}

/** What an entry costs beside its payload, in bytes, when limits are counted: index, epoch, kind and length. */
export const ENTRY_OVERHEAD_BYTES = 24;

export function entryBytes(entry: Entry): number {
  return entry.payload.length + ENTRY_OVERHEAD_BYTES;
}
