/**
 * Long work in pieces: while it goes on, everybody else at this member is heard. In each turn of the event loop pieces are done
 * until their time is used up, in the order in which they came; the rest waits for the next turn.
 */

/** A piece that is under way is not interrupted: a turn lasts so long and one piece. */
const TURN_MS = 10;

export interface TurnQueuePorts {
  readonly nowMs: () => number;
  /** Runs a job once others have had their turn. */
  readonly later: (job: () => void) => void;
}

const PLATFORM: TurnQueuePorts = { nowMs: () => performance.now(), later: setImmediate };

export class TurnQueue {
  private readonly ports: TurnQueuePorts;
  private waiting: (() => void)[] = [];
  /** A turn is planned or under way. */
  private isPlanned = false;

  constructor(ports: TurnQueuePorts = PLATFORM) {
    this.ports = ports;
  }

  /** Does a piece of work in a later turn. It must not throw: nobody is there to hear of it. */
  add(piece: () => void): void {
    this.waiting.push(piece);
    this.plan();
  }

  private plan(): void {
    if (this.isPlanned || this.waiting.length === 0) return;
    this.isPlanned = true;
    this.ports.later(() => {
      this.turn();
      this.isPlanned = false;
      this.plan();
    });
  }

  private turn(): void {
    const { nowMs } = this.ports;
    const endMs = nowMs() + TURN_MS;
    // What a piece asks for comes behind all that waits, and not in this turn.
    const pieces = this.waiting;
    this.waiting = [];
    let done = 0;
    do pieces[done++]!();
    while (done < pieces.length && nowMs() < endMs);
    if (done < pieces.length) this.waiting = [...pieces.slice(done), ...this.waiting];
  }
}
