/** Who watches a key: single keys by a map, spans by a tree. Knows neither revisions nor streams. */
import type { Key, KeySpan } from '../machine/values.ts';
import { SpanTree } from './span-tree.ts';
import type { Watcher } from './watcher.ts';

/** `Member`: a watcher, or what stands for several of one span. */
export class WatcherIndex<Member extends { readonly span: KeySpan } = Watcher> {
  /** Watchers of one key each. No set is empty. */
  private readonly singles = new Map<Key, Set<Member>>();
  /** Watchers of spans, by span, because many watch the same. No set is empty. */
  private readonly spans = new SpanTree<Set<Member>>();

  get isEmpty(): boolean {
    return this.singles.size === 0 && this.spans.isEmpty;
  }

  /** Adds a watcher that is not in the index. */
  add(watcher: Member): void {
    const { from, to } = watcher.span;
    const others = this.of(watcher.span);
    if (others !== undefined) {
      others.add(watcher);
      return;
    }
    const alone = new Set([watcher]);
    if (to === undefined) this.singles.set(from, alone);
    else this.spans.add(from, to, alone);
  }

  /** Takes a watcher out that is in the index. */
  remove(watcher: Member): void {
    const { from, to } = watcher.span;
    const watchers = this.of(watcher.span);
    if (watchers === undefined) return;
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    if (to === undefined) this.singles.delete(from);
    else this.spans.remove(from, to);
  }

  /** Everybody of exactly this span. */
  of({ from, to }: KeySpan): Set<Member> | undefined {
    return to === undefined ? this.singles.get(from) : this.spans.get(from, to);
  }

  /** Appends everybody who watches the key. */
  collect(key: Key, into: Member[]): void {
    const single = this.singles.get(key);
    if (single !== undefined) for (const watcher of single) into.push(watcher);
    if (this.spans.isEmpty) return;
    const around: Set<Member>[] = [];
    this.spans.collect(key, around);
    for (const watchers of around) for (const watcher of watchers) into.push(watcher);
  }

  /** Everybody who watches any key from `first` to `last`, both included. Costs a look at each single key that is watched. */
  overlapping(first: Key, last: Key): Member[] {
    const found: Member[] = [];
    for (const [key, watchers] of this.singles)
      if (key >= first && key <= last) for (const watcher of watchers) found.push(watcher);
    const spans: Set<Member>[] = [];
    this.spans.collectOverlapping(first, last, spans);
    for (const watchers of spans) for (const watcher of watchers) found.push(watcher);
    return found;
  }
}
