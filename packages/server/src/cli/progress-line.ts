/** How far something long has come: one line that is written over again on a terminal, a plain line now and then elsewhere. */
import { performance } from 'node:perf_hooks';

const TERMINAL_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;

export class ProgressLine {
  private readonly isTerminal: boolean;
  private readonly isShown: boolean;
  private shownAtMs = performance.now();

  constructor({ quiet }: { readonly quiet: boolean }) {
    this.isTerminal = process.stderr.isTTY === true;
    this.isShown = !quiet;
  }

  show(text: () => string): void {
    if (!this.isShown) return;
    const intervalMs = this.isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
    const nowMs = performance.now();
    if (nowMs - this.shownAtMs < intervalMs) return;
    this.shownAtMs = nowMs;
    process.stderr.write(this.isTerminal ? `\r\u001b[K${text()}` : `${text()}\n`);
  }

  /** Before anything else is written. */
  clear(): void {
    if (this.isShown && this.isTerminal) process.stderr.write('\r\u001b[K');
  }
}
