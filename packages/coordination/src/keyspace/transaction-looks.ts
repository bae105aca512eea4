/**
 * How many keys one transaction may look at. All members apply it, and nothing behind it meanwhile, so one that read
 * everything ten thousand times over would keep the cluster's writes waiting for minutes. It may look as often as there are keys, or at
 * TRANSACTION_LOOKS_MAX if they are fewer: what is sensible always passes.
 *
 * Counted in keys that exist when it begins, so that every member comes to the same number: what compaction has still to take
 * away differs between them (S4).
 */
import type { Comparison, RangeQuery, TransactionOperation } from '../machine/commands.ts';
import type { KeySpan } from '../machine/values.ts';
import type { KeyIndex } from './key-index.ts';
import { hasBounds } from './range.ts';

/** Looks at so many keys take about 100 ms. */
export const TRANSACTION_LOOKS_MAX = 40_000;

/** What a range of the past counts for: nobody knows how many keys it finds. */
const LOOKS_AT_PAST = TRANSACTION_LOOKS_MAX / 4;

export class TransactionLooks {
  private readonly index: KeyIndex;
  private left: number;

  constructor(index: KeyIndex) {
    this.index = index;
    this.left = Math.max(TRANSACTION_LOOKS_MAX, index.liveCount);
  }

  /** Whether the transaction has looked at more than it may. */
  get areSpent(): boolean {
    return this.left < 0;
  }

  spendOnComparisons(comparisons: readonly Comparison[]): void {
    for (const { span } of comparisons) this.spend(this.keysIn(span));
  }

  /** Inner transactions spend for themselves. */
  spendOnOperation(operation: TransactionOperation): void {
    if (operation.kind === 'range') this.spend(this.looksOf(operation.query));
    else if (operation.kind === 'deleteRange') this.spend(this.keysIn(operation.span));
  }

  private spend(looks: number): void {
    this.left -= looks;
  }

  private looksOf(query: RangeQuery): number {
    const { span, revision, limit, sort, countOnly } = query;
    if (span.to === undefined) return 1;
    if (revision > 0) return LOOKS_AT_PAST;
    if (countOnly) return 1;
    const keys = this.keysIn(span);
    return limit > 0 && sort === undefined && !hasBounds(query) ? Math.min(keys, limit + 1) : keys;
  }

  private keysIn(span: KeySpan): number {
    // A search costs something, even if nothing is found.
    return span.to === undefined || this.areSpent ? 1 : Math.max(1, this.index.countLive(span));
  }
}
