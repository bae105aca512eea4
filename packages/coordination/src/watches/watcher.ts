/** One watcher: what it wants and where it stands. The hub moves it; it does nothing by itself. */
import type { KeyEvent, KeySpan, Revision } from '../machine/values.ts';
import type { Audience } from './audience.ts';
import type { WatchEvent, WatchSpec } from './watch.ts';
import type { WatchStream } from './watch-stream.ts';

/**
 * `synced`: everything published so far was delivered, and what is published next is delivered at once.
 * `behind`: the past from `nextRevision` on has to be read for it. `over`: cancelled, or compacted away.
 */
export type WatcherPlace = 'synced' | 'behind' | 'over';

export class Watcher {
  readonly stream: WatchStream;
  /** Unique in the stream while the watcher lives. */
  readonly id: number;
  readonly span: KeySpan;
  readonly previous: boolean;
  readonly puts: boolean;
  readonly deletes: boolean;
  /** Volatile. Written by the hub only, together with the index that the watcher stands in. */
  place: WatcherPlace;
  /**
   * Behind: the first revision not yet delivered. Synced: nothing below it is wanted (it was set when the watcher
   * became synced, and is not kept up to date, so that a change costs nothing to those whom it does not concern).
   * Monotonic. Written by the hub only.
   */
  nextRevision: Revision;
  /** What the step in progress found for it, not delivered yet; undefined between steps. Written by the hub only. */
  gathered: WatchEvent[] | undefined = undefined;
  /** While the large revision that is being read is read for it, too: who it hears that with. Written by that reading only. */
  audience: Audience | undefined = undefined;

  constructor(options: {
    stream: WatchStream;
    id: number;
    spec: WatchSpec;
    place: WatcherPlace;
    nextRevision: Revision;
  }) {
    this.stream = options.stream;
    this.id = options.id;
    this.span = options.spec.span;
    this.previous = options.spec.previous;
    this.puts = options.spec.puts;
    this.deletes = options.spec.deletes;
    this.place = options.place;
    this.nextRevision = options.nextRevision;
  }

  /** Whether a change of a key in its span is for it (C13, C16). */
  wants(event: KeyEvent, revision: Revision): boolean {
    return revision >= this.nextRevision && (event.kind === 'put' ? this.puts : this.deletes);
  }
}
