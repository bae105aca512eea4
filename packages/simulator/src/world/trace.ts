/**
 * What happened, as one number: two runs with the same hash did the same things in the same order. The words are made
 * only for whoever listens.
 */
import { hashText } from '../random/seeded-random.ts';

export type TraceListener = (atMs: number, text: string) => void;

export class Trace {
  private first = 0x811c9dc5;
  private second = 0x1b873593;
  private readonly nowMs: () => number;
  private readonly listener: TraceListener | undefined;

  constructor(nowMs: () => number, listener: TraceListener | undefined) {
    this.nowMs = nowMs;
    this.listener = listener;
  }

  /** Whether anybody reads the words: makers of long ones ask first. */
  get isHeard(): boolean {
    return this.listener !== undefined;
  }

  /** Something frequent, as numbers; whoever listens is told of it by `say`. */
  count(a: number, b: number, c: number): void {
    this.mix(a);
    this.mix(b);
    this.mix(c);
  }

  /** The words for what was counted: made only if they are heard. */
  say(text: string): void {
    this.listener?.(this.nowMs(), text);
  }

  /** Something rare. */
  note(text: string): void {
    this.mix(hashText(text));
    this.mix(Math.round(this.nowMs() * 1000) | 0);
    if (this.listener !== undefined) this.listener(this.nowMs(), text);
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(this.first) + hex(this.second);
  }

  private mix(value: number): void {
    this.first = Math.imul(this.first ^ value, 0x01000193) ^ (this.first >>> 15);
    this.second = (Math.imul(this.second, 0x9e3779b1) + (value ^ this.first)) | 0;
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
