/** The rounds of bookmarks: one timer for all streams of a member, running only while one wants them. */

export interface ProgressStream {
  progressRound(): void;
}

export class WatchProgress {
  private readonly intervalMs: number;
  /** Open streams with at least one watch that asked for bookmarks. */
  private readonly streams = new Set<ProgressStream>();
  private timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  opened(stream: ProgressStream): void {
    this.streams.add(stream);
    this.timer ??= setInterval(() => this.round(), this.intervalMs).unref();
  }

  closed(stream: ProgressStream): void {
    this.streams.delete(stream);
    if (this.streams.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private round(): void {
    for (const stream of [...this.streams]) stream.progressRound();
  }
}
