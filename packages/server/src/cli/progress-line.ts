/** One line on standard error that is written over again, on a terminal only: how far something long has come. */
import { performance } from 'node:perf_hooks';

const PROGRESS_INTERVAL_MS = 200;

export class ProgressLine {
  private readonly isShown: boolean;
  private shownAtMs = 0;

  constructor({ quiet }: { readonly quiet: boolean }) {
    this.isShown = process.stderr.isTTY === true && !quiet;
  }

  show(text: () => string): void {
    if (!this.isShown || performance.now() - this.shownAtMs < PROGRESS_INTERVAL_MS) return;
    this.shownAtMs = performance.now();
    process.stderr.write(`\r\u001b[K${text()}`);
  }

  clear(): void {
    if (this.isShown) process.stderr.write('\r\u001b[K');
  }
}
