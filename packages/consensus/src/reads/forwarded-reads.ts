/**
 * Reads that a follower has asked its leader about. Requests and answers may be lost: what stays unanswered is asked
 * again under a new number. An answer to an earlier number counts as well, or a network slower than the follower's patience
 * would let no read through: every answer would come just after its question was asked anew. Sends nothing.
 */

/** A follower asks again after this many heartbeats without an answer. */
const READ_RETRY_HEARTBEATS = 2;
/** For how many times that an answer to an earlier number is still waited for: longer than owners wait. */
const PATIENCES_KEPT = 30;

/** What names a question, in it and in its answer. */
export interface ReadQuestion {
  /** Drawn at each start of the asker, so that an answer to an earlier life counts in no later one. */
  readonly life: number;
  /** Monotonic within a life; never reused. */
  readonly request: number;
}

interface ForwardedRead {
  readonly tokens: readonly number[];
  ageTicks: number;
}

export class ForwardedReads {
  private readonly life: number;
  /** By request number, in rising order. */
  private readonly byRequest = new Map<number, ForwardedRead>();
  /** Tokens that were neither answered nor failed: each ends once, under whichever number. */
  private readonly waiting = new Set<number>();
  /** Monotonic within a life; never reused. */
  private lastRequest = 0;

  constructor(life: number) {
    this.life = life;
  }

  /** Takes note of a question about these tokens, which is sent now. */
  ask(tokens: readonly number[]): ReadQuestion {
    this.lastRequest++;
    this.byRequest.set(this.lastRequest, { tokens, ageTicks: 0 });
    for (const token of tokens) this.waiting.add(token);
    return { life: this.life, request: this.lastRequest };
  }

  /** The tokens that an answer is for; none if it is to an earlier life, or if they were answered or failed meanwhile. */
  answered({ life, request }: ReadQuestion): readonly number[] {
    if (life !== this.life) return [];
    const tokens = this.byRequest.get(request)?.tokens ?? [];
    this.byRequest.delete(request);
    return tokens.filter((token) => this.waiting.delete(token));
  }

  /** One tick older. Returns the tokens that have waited too long under their newest number, to be asked again as one. */
  tick(heartbeatTicks: number): readonly number[] {
    const patienceTicks = heartbeatTicks * READ_RETRY_HEARTBEATS;
    const overdue: number[] = [];
    for (const [request, read] of this.byRequest) {
      read.ageTicks++;
      if (read.ageTicks === patienceTicks)
        overdue.push(...read.tokens.filter((token) => this.waiting.has(token)));
      if (read.ageTicks >= patienceTicks * PATIENCES_KEPT) this.byRequest.delete(request);
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
