/** The appends to one follower that it has not acknowledged: a ring of (last index, bytes). Its counters cannot leak (pitfall 36). */
import { assert } from '../core/assert.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';

export interface Window {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

export class Inflights {
  private readonly window: Window;
  /** Rings of inflightMessagesMax slots, filled from `start`; rising last indexes. */
  private readonly lastIndexes: LogIndex[] = [];
  private readonly sizes: number[] = [];
  private start = 0;
  count = 0;
  bytes = 0;

  constructor(window: Window) {
    this.window = window;
  }

  get full(): boolean {
    return this.count >= this.window.inflightMessagesMax || this.bytes >= this.window.inflightBytesMax;
  }

  /** How many more bytes may be sent; one message may always exceed it. */
  get roomBytes(): number {
    return this.window.inflightBytesMax - this.bytes;
  }

  add(lastIndex: LogIndex, bytes: number): void {
    assert(!this.full, 'nothing is sent through a full window');
    const at = (this.start + this.count) % this.window.inflightMessagesMax;
    this.lastIndexes[at] = lastIndex;
    this.sizes[at] = bytes;
    this.count++;
    this.bytes += bytes;
  }

  /** Everything up to `index` was acknowledged. */
  freeUpTo(index: LogIndex): void {
    while (this.count > 0 && (this.lastIndexes[this.start] ?? logIndex(0)) <= index) {
      this.bytes -= this.sizes[this.start]!;
      this.start = (this.start + 1) % this.window.inflightMessagesMax;
      this.count--;
    }
    assert(this.bytes >= 0 && (this.count > 0 || this.bytes === 0), 'an empty window holds no bytes');
  }

  /** What was in flight no longer counts: it is lost, or will be sent again. */
  clear(): void {
    this.start = 0;
    this.count = 0;
    this.bytes = 0;
  }
}
