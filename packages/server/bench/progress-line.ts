/** One line on stderr that says what is being measured and how far it is; nothing where stderr is no terminal. */
import { PROGRESS_INTERVAL_MS } from './limits.ts';

const CLEAR_LINE = '\r\u001b[K';

export class ProgressLine {
  private readonly totalSeconds: number;
  private readonly startedAtMs = performance.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private text = '';

  constructor(totalSeconds: number) {
    this.totalSeconds = totalSeconds;
    if (!process.stderr.isTTY) return;
    this.timer = setInterval(() => this.draw(), PROGRESS_INTERVAL_MS);
    this.timer.unref();
  }

  say(text: string): void {
    this.text = text;
    if (this.timer !== undefined) this.draw();
  }

  end(): void {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    process.stderr.write(CLEAR_LINE);
  }

  private draw(): void {
    const seconds = Math.round((performance.now() - this.startedAtMs) / 1000);
    process.stderr.write(`${CLEAR_LINE}${seconds} of about ${Math.round(this.totalSeconds)} s: ${this.text}`);
  }
}
