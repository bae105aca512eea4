/**
 * Watchers of the same span with the same wishes: of one revision they are told the same, so its events are gathered
 * once for all of them, and each gets the very same list.
 */
import type { KeyEvent, KeySpan } from '../machine/values.ts';
import type { WatchEvent } from './watch.ts';
import type { Watcher } from './watcher.ts';

export class Audience {
  readonly span: KeySpan;
  readonly previous: boolean;
  private readonly puts: boolean;
  private readonly deletes: boolean;
  readonly members = new Set<Watcher>();
  /** What was found for them so far. */
  readonly events: WatchEvent[] = [];

  constructor(first: Watcher) {
    this.span = first.span;
    this.previous = first.previous;
    this.puts = first.puts;
    this.deletes = first.deletes;
  }

  /** Whether a watcher of the same span belongs here. */
  suits({ previous, puts, deletes }: Watcher): boolean {
    return previous === this.previous && puts === this.puts && deletes === this.deletes;
  }

  /** Whether a change of a key in its span is for it (C13). */
  wants({ kind }: KeyEvent): boolean {
    return kind === 'put' ? this.puts : this.deletes;
  }
}
