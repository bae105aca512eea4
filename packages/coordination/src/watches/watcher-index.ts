/** Who watches a key: single keys by a map, spans by a tree. Knows neither revisions nor streams. */
import type { Key } from '../machine/values.ts';
import { SpanTree } from './span-tree.ts';
import type { Watcher } from './watcher.ts';

export class WatcherIndex {
  /** Watchers of one key each. No set is empty. */
  private readonly singles = new Map<Key, Set<Watcher>>();
  /** Watchers of spans, by span, because many watch the same. No set is empty. */
  private readonly spans = new SpanTree<Set<Watcher>>();

  get isEmpty(): boolean {
    return this.singles.size === 0 && this.spans.isEmpty;
  }

  /** Adds a watcher that is not in the index. */
  add(watcher: Watcher): void {
    const { from, to } = watcher.span;
    const others = to === undefined ? this.singles.get(from) : this.spans.get(from, to);
    if (others !== undefined) {
      others.add(watcher);
      return;
    }
    const alone = new Set([watcher]);
    if (to === undefined) this.singles.set(from, alone);
    else this.spans.add(from, to, alone);
  }

  /** Takes a watcher out that is in the index. */
  remove(watcher: Watcher): void {
    const { from, to } = watcher.span;
    const watchers = to === undefined ? this.singles.get(from) : this.spans.get(from, to);
    if (watchers === undefined) return;
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    if (to === undefined) this.singles.delete(from);
    else this.spans.remove(from, to);
  }

  /** Appends everybody who watches the key. */
  collect(key: Key, into: Watcher[]): void {
    const single = this.singles.get(key);
    if (single !== undefined) for (const watcher of single) into.push(watcher);
    if (this.spans.isEmpty) return;
    const around: Set<Watcher>[] = [];
    this.spans.collect(key, around);
    for (const watchers of around) for (const watcher of watchers) into.push(watcher);
  }
}
