/** How long to wait before a dead member is started again: a second; longer and longer if it dies before it serves. */

const FIRST_MS = 1_000;
const LAST_MS = 30_000;

export class RestartDelays {
  /** Lives in a row that ended before the member served. */
  private vain = 0;

  /** It came up: the next death is a new story. */
  served(): void {
    this.vain = 0;
  }

  /** Milliseconds from the death that just happened to the next start. */
  next(): number {
    const delayMs = Math.min(FIRST_MS * 2 ** this.vain, LAST_MS);
    this.vain++;
    return delayMs;
  }
}
