/** What the owner is told of its reads, by either protocol. */
import type { Effect } from '../core/effects.ts';
import type { LogIndex } from '../core/numbers.ts';

interface EffectSink {
  push(effect: Effect): void;
}

export function failReads(outbox: EffectSink, tokens: readonly number[]): void {
  if (tokens.length > 0) outbox.push({ kind: 'readFailed', tokens, reason: 'noLeader' });
}

export function releaseReads(outbox: EffectSink, tokens: readonly number[], index: LogIndex): void {
  if (tokens.length > 0) outbox.push({ kind: 'readable', tokens, index });
}
