/**
 * Collects, change by change, what each watcher is to be told, so that it gets one batch and not one call a change.
 * Decides who wants what; whether they can be told now is the hub's business.
 */
import type { KeyEvent, Revision } from '../machine/values.ts';
import type { WatchHistory } from './history.ts';
import type { WatchEvent } from './watch.ts';
import type { Watcher } from './watcher.ts';
import type { WatcherIndex } from './watcher-index.ts';

export class Gathering {
  private readonly history: Pick<WatchHistory, 'recordBefore'>;
  private readonly index: WatcherIndex;
  /** Watchers with something gathered, in the order in which they were first concerned. */
  readonly concerned: Watcher[] = [];
  /** Events gathered, over all watchers. */
  deliveries = 0;
  /** Records before that were looked up, and the bytes of their values. */
  lookups = 0;
  previousBytes = 0;
  /** Who watches the change's key; empty between calls. */
  private readonly watching: Watcher[] = [];

  constructor(history: Pick<WatchHistory, 'recordBefore'>, index: WatcherIndex) {
    this.history = history;
    this.index = index;
  }

  /** Adds one change for everybody who wants it and of whom `concerns` says yes. */
  add(event: KeyEvent, revision: Revision, concerns: (watcher: Watcher) => boolean = isAnybody): void {
    const { watching } = this;
    this.index.collect(event.record.key, watching);
    let withPrevious: WatchEvent | undefined;
    for (const watcher of watching) {
      if (!watcher.wants(event, revision) || !concerns(watcher)) continue;
      if (watcher.gathered === undefined) {
        watcher.gathered = [];
        this.concerned.push(watcher);
      }
      if (watcher.previous && withPrevious === undefined) {
        withPrevious = addPrevious(this.history, event, revision);
        this.lookups++;
        this.previousBytes += withPrevious.previous?.value.length ?? 0;
      }
      watcher.gathered.push(watcher.previous ? withPrevious! : event);
      this.deliveries++;
    }
    watching.length = 0;
  }
}

/** The change with the record that it replaced, which is looked up once however many want it (C14). */
export function addPrevious(
  history: Pick<WatchHistory, 'recordBefore'>,
  event: KeyEvent,
  revision: Revision,
): WatchEvent {
  const isCreation = event.kind === 'put' && event.record.version === 1;
  const previous = isCreation ? undefined : history.recordBefore(event.record.key, revision);
  return { kind: event.kind, record: event.record, previous };
}

function isAnybody(): boolean {
  return true;
}
