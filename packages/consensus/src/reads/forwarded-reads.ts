/**
 * Reads that a follower has asked its leader about. Requests and answers may be lost: what stays unanswered is asked
 * again under a new number. Sends nothing.
 */

interface ForwardedRead {
  readonly tokens: readonly number[];
  ageTicks: number;
}

export class ForwardedReads {
  /** By request number, in rising order. */
  private readonly byRequest = new Map<number, ForwardedRead>();
  /** Monotonic within a life; never reused. */
  private lastRequest = 0;

  /** Takes note of a request for these tokens; its number. */
  add(tokens: readonly number[]): number {
    this.lastRequest++;
    this.byRequest.set(this.lastRequest, { tokens, ageTicks: 0 });
    return this.lastRequest;
  }

  /** The tokens that an answer is for; undefined if it was answered, failed or asked again meanwhile. */
  answered(request: number): readonly number[] | undefined {
    const read = this.byRequest.get(request);
    if (read !== undefined) this.byRequest.delete(request);
    return read?.tokens;
  }

  /** One tick older. Returns the tokens that have waited for `ticks`: they are forgotten here, to be asked again. */
  tick(ticks: number): readonly number[] {
    const overdue: number[] = [];
    for (const [request, read] of this.byRequest) {
      if (++read.ageTicks < ticks) continue;
      overdue.push(...read.tokens);
      this.byRequest.delete(request);
    }
    return overdue;
  }

  /** Forgets all of them; their tokens. */
  clear(): readonly number[] {
    const tokens = [...this.byRequest.values()].flatMap((read) => read.tokens);
    this.byRequest.clear();
    return tokens;
  }
}
