/**
 * etcd's rule that no key is changed twice in one transaction: no put may meet another put, or a delete, that could run
 * together with it. The two branches of an inner transaction never run together, so a key may be put in both.
 *
 * Three things are as etcd has them, though one could wish them otherwise, because clients were written against it:
 * deletes may meet deletes; a put inside an inner transaction is not held against the deletes of inner transactions
 * that come later; and a delete "from this key on" (range_end "\0") meets nothing.
 */
import type { OperationRequest, TransactionRequest } from './messages/transaction.ts';

export function duplicateKey(request: TransactionRequest): boolean {
  return changesOf(request.success) === undefined || changesOf(request.failure) === undefined;
}

interface Changes {
  readonly puts: Set<string>;
  readonly deletes: SpanSet;
}

/** What one branch changes, inner transactions included; undefined if something meets. */
function changesOf(branch: readonly OperationRequest[]): Changes | undefined {
  const deletes = new SpanSet();
  for (const operation of branch) {
    if (operation.kind !== 'deleteRange') continue;
    const { key, rangeEnd } = operation.request;
    deletes.add(key, rangeEnd === '' ? `${key}\0` : rangeEnd);
  }

  const puts = new Set<string>();
  for (const operation of branch) {
    if (operation.kind !== 'transaction') continue;
    const success = changesOf(operation.request.success);
    const failure = changesOf(operation.request.failure);
    if (success === undefined || failure === undefined) return undefined;
    for (const key of success.puts) if (puts.has(key) || deletes.covers(key)) return undefined;
    for (const key of failure.puts) if (puts.has(key) || deletes.covers(key)) return undefined;
    for (const key of success.puts) puts.add(key);
    for (const key of failure.puts) puts.add(key);
    deletes.addAll(success.deletes);
    deletes.addAll(failure.deletes);
  }

  for (const operation of branch) {
    if (operation.kind !== 'put') continue;
    const key = operation.request.key;
    if (puts.has(key) || deletes.covers(key)) return undefined;
    puts.add(key);
  }
  return { puts, deletes };
}

/** A union of half-open spans, searched by halving: a transaction may hold thousands. */
class SpanSet {
  /** Added since the spans below were made. */
  private added: [from: string, to: string][] = [];
  /** Ascending, and apart from each other. */
  private spans: (readonly [from: string, to: string])[] = [];

  add(from: string, to: string): void {
    // What ends before it begins holds no key; "\0" as an end is such, which is etcd's third oddity above.
    if (from < to) this.added.push([from, to]);
  }

  addAll(other: SpanSet): void {
    for (const [from, to] of other.added) this.added.push([from, to]);
    for (const [from, to] of other.spans) this.added.push([from, to]);
  }

  covers(key: string): boolean {
    if (this.added.length > 0) this.merge();
    let low = 0;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.spans[middle]![0] <= key) low = middle + 1;
      else high = middle;
    }
    return low > 0 && key < this.spans[low - 1]![1];
  }

  private merge(): void {
    const all = [...this.spans, ...this.added].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const merged: [from: string, to: string][] = [];
    for (const [from, to] of all) {
      const last = merged.at(-1);
      if (last === undefined || last[1] < from) merged.push([from, to]);
      else if (last[1] < to) last[1] = to;
    }
    this.spans = merged;
    this.added = [];
  }
}
