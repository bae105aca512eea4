/** Every limit of the Raft core, by name (R19). Counted in payload bytes plus ENTRY_OVERHEAD_BYTES an entry. */
import { DEFAULT_READ_LIMITS, type ReadLimits } from '../reads/limits.ts';

export interface RaftLimits extends ReadLimits {
  /** Entries in one append message; a single larger entry travels alone. */
  readonly appendBytesMax: number;
  /** Appends to one follower that it has not acknowledged. */
  readonly inflightMessagesMax: number;
  /** Their bytes; one message may always be in flight. */
  readonly inflightBytesMax: number;
  /** Entries of a leader above its commit index; one batch is always let in. */
  readonly uncommittedBytesMax: number;
  /** Entries in one `apply` effect; a single larger entry comes alone. */
  readonly applyBytesMax: number;
}

export const DEFAULT_RAFT_LIMITS: RaftLimits = {
  appendBytesMax: 1024 * 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  applyBytesMax: 2 * 1024 * 1024,
  ...DEFAULT_READ_LIMITS,
};
