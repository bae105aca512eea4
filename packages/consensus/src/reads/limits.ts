/** The limits of reads at a leader, the same in both protocols (R19). */

export interface ReadLimits {
  /** Read requests at a leader that no round covers yet. */
  readonly readsWaitingMax: number;
  /** Read rounds that wait for their quorum at one time: more of them means less waiting and more messages. */
  readonly readRoundsMax: number;
}

export const DEFAULT_READ_LIMITS: ReadLimits = { readsWaitingMax: 10_000, readRoundsMax: 2 };
