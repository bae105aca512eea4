/**
 * Long work in pieces, one a turn of the event loop, whichever work it is of: many at once take longer each, and nobody else
 * has to wait for that.
 */
export class PieceQueue {
  private readonly defer: (job: () => void) => void;
  /** What goes on with each work that is under way; the first is next. */
  private readonly waiting: (() => void)[] = [];
  private isDeferred = false;

  /** `defer` runs a job in a later turn. */
  constructor(defer: (job: () => void) => void) {
    this.defer = defer;
  }

  /** Does a piece in a turn of its own. */
  later(piece: () => void): void {
    this.waiting.push(piece);
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.defer(() => this.turn());
  }

  /** Takes a first step at once, and the others in turns of their own; `done` gets what the last one returned. */
  run<Result>(steps: Generator<void, Result>, done: (result: Result) => void): void {
    const step = steps.next();
    if (step.done === true) done(step.value);
    else this.later(() => this.run(steps, done));
  }

  private turn(): void {
    const piece = this.waiting.shift();
    this.isDeferred = this.waiting.length > 0;
    if (this.isDeferred) this.defer(() => this.turn());
    piece?.();
  }
}
