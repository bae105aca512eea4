/** Every limit of the Raft core, by name (R19). Counted in payload bytes plus ENTRY_OVERHEAD_BYTES an entry. */

export interface RaftLimits {
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
  /** Read requests at a leader that no round covers yet. */
  readonly readsWaitingMax: number;
  /** Read rounds that wait for their quorum at one time: more of them means less waiting and more messages. */
  readonly readRoundsMax: number;
}

export const DEFAULT_RAFT_LIMITS: RaftLimits = {
  appendBytesMax: 1024 * 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  applyBytesMax: 2 * 1024 * 1024,
  readsWaitingMax: 10_000,
  readRoundsMax: 2,
};
