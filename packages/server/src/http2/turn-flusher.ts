/**
 * Collects the connections that wrote in this turn of the event loop, and flushes each once at its end: a thousand
 * answers to one peer leave in one system call.
 */

export interface Flushable {
  flush(): void;
}

export class TurnFlusher {
  private waiting: Flushable[] = [];
  private readonly atEndOfTurn: (run: () => void) => void;

  /** `atEndOfTurn`: setImmediate comes behind all sockets that were readable in this turn. */
  constructor(atEndOfTurn: (run: () => void) => void = setImmediate) {
    this.atEndOfTurn = atEndOfTurn;
  }

  /** The caller asks once until it is flushed. */
  add(flushable: Flushable): void {
    this.waiting.push(flushable);
    if (this.waiting.length === 1) this.atEndOfTurn(() => this.flushAll());
  }

  private flushAll(): void {
    const due = this.waiting;
    this.waiting = [];
    for (const flushable of due) flushable.flush();
  }
}
