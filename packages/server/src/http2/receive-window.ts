/**
 * What the peer may still send, of a connection or of a stream. It is given back as soon as half of it was used: one
 * WINDOW_UPDATE for many frames. Data is handed on at once, so that nothing waits to be given back.
 */
export class ReceiveWindow {
  private readonly fullBytes: number;
  private leftBytes: number;

  constructor(fullBytes: number) {
    this.fullBytes = fullBytes;
    this.leftBytes = fullBytes;
  }

  /** `false`: the peer sent more than it may. */
  take(bytes: number): boolean {
    this.leftBytes -= bytes;
    return this.leftBytes >= 0;
  }

  /** What is to be announced now; 0: not yet worth a frame. */
  giveBack(): number {
    const used = this.fullBytes - this.leftBytes;
    if (used * 2 < this.fullBytes) return 0;
    this.leftBytes = this.fullBytes;
    return used;
  }
}
