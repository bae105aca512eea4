/**
 * How much of the log a turn of the event loop applies. An entry may delete every key there is, so the measure is not entries
 * but what they do: work on keys, and bytes. One that does more than a turn's share goes on in the next.
 */

export interface ApplyLimits {
  /** Keys written, deleted, read or compared. At least 1. */
  readonly keysATurn: number;
  /** Bytes of values written or read. At least 1. */
  readonly bytesATurn: number;
}

/** A key costs 10 to 20 µs, a megabyte some milliseconds. */
export const APPLY_LIMITS: ApplyLimits = { keysATurn: 512, bytesATurn: 1024 * 1024 };

export class ApplyMeter {
  private readonly limits: ApplyLimits;
  /** Of this turn. */
  private keys = 0;
  private bytes = 0;

  constructor(limits: ApplyLimits) {
    this.limits = limits;
  }

  /** Whether the turn's share is used up. */
  get isSpent(): boolean {
    return this.keys >= this.limits.keysATurn || this.bytes >= this.limits.bytesATurn;
  }

  /** A turn begins. */
  refill(): void {
    this.keys = 0;
    this.bytes = 0;
  }

  /** Counts work that was done. @returns whether the rest is for another turn */
  spend(keys: number, bytes = 0): boolean {
    this.keys += keys;
    this.bytes += bytes;
    return this.isSpent;
  }
}

/** For whoever does all in one go, because it is little, or because nobody waits. */
export const UNMETERED = new ApplyMeter({
  keysATurn: Number.POSITIVE_INFINITY,
  bytesATurn: Number.POSITIVE_INFINITY,
});
