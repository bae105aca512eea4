/**
 * Reads that a follower has asked its leader about. Requests and answers may be lost: what stays unanswered is asked
 * again under a new number. Sends nothing.
 */

/** A follower asks again after this many heartbeats without an answer. */
const READ_RETRY_HEARTBEATS = 2;

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
  /** Monotonic within a life; never reused. */
  private lastRequest = 0;

  constructor(life: number) {
    this.life = life;
  }

  /** Takes note of a question about these tokens, which is sent now. */
  ask(tokens: readonly number[]): ReadQuestion {
    this.lastRequest++;
    this.byRequest.set(this.lastRequest, { tokens, ageTicks: 0 });
    return { life: this.life, request: this.lastRequest };
  }

  /** The tokens that an answer is for; none if it is to an earlier life, or was answered, failed or asked again meanwhile. */
  answered({ life, request }: ReadQuestion): readonly number[] {
    if (life !== this.life) return [];
    const tokens = this.byRequest.get(request)?.tokens ?? [];
    this.byRequest.delete(request);
    return tokens;
  }

  /** One tick older. Returns the tokens that have waited too long: they are forgotten here, to be asked again as one. */
  tick(heartbeatTicks: number): readonly number[] {
    const overdue: number[] = [];
    for (const [request, read] of this.byRequest) {
      if (++read.ageTicks < heartbeatTicks * READ_RETRY_HEARTBEATS) continue;
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
