/**
 * Reads that a follower has asked its leader about. Requests and answers may be lost: what stays unanswered is asked
 * again under a new number. An answer to an earlier number counts as well, or a network slower than the follower's patience
 * would let no read through: every answer would come just after its question was asked anew. Sends nothing.
 */

interface ForwardedRead {
  readonly tokens: readonly number[];
  ageTicks: number;
}

/** For how many times the patience an answer to an earlier number is still waited for: longer than owners wait. */
const PATIENCES_KEPT = 30;

export class ForwardedReads {
  /** By request number, in rising order. */
  private readonly byRequest = new Map<number, ForwardedRead>();
  /** Tokens that were neither answered nor failed: each ends once, under whichever number. */
  private readonly waiting = new Set<number>();
  /** Monotonic within a life; never reused. */
  private lastRequest = 0;

  /** Takes note of a request for these tokens; its number. */
  add(tokens: readonly number[]): number {
    this.lastRequest++;
    this.byRequest.set(this.lastRequest, { tokens, ageTicks: 0 });
    for (const token of tokens) this.waiting.add(token);
    return this.lastRequest;
  }

  /** The tokens that an answer is for; undefined if all of them were answered or failed meanwhile. */
  answered(request: number): readonly number[] | undefined {
    const read = this.byRequest.get(request);
    this.byRequest.delete(request);
    const tokens = read?.tokens.filter((token) => this.waiting.delete(token)) ?? [];
    return tokens.length > 0 ? tokens : undefined;
  }

  /** One tick older. Returns the tokens that have waited for `ticks` under their newest number, to be asked again. */
  tick(ticks: number): readonly number[] {
    const overdue: number[] = [];
    for (const [request, read] of this.byRequest) {
      read.ageTicks++;
      if (read.ageTicks === ticks) overdue.push(...read.tokens.filter((token) => this.waiting.has(token)));
      if (read.ageTicks >= ticks * PATIENCES_KEPT) this.byRequest.delete(request);
    }
    return overdue;
  }

  /** Forgets all of them; their tokens, each once. */
  clear(): readonly number[] {
    const tokens = [...this.waiting];
    this.waiting.clear();
    this.byRequest.clear();
    return tokens;
  }
}
