/** A hub's stream that watches only what its callers may read, and wakes the pump when it has made work for it. */
import type { Caller } from '../auth/caller.ts';
import type { Machine } from '../machine/machine-api.ts';
import type { WatchCreation, WatchSpec } from '../watches/watch.ts';
import type { WatchHub } from '../watches/watch-hub.ts';
import type { WatchRefused, WatchStream } from './service-api.ts';

type HubStream = ReturnType<WatchHub['openStream']>;

export class GuardedWatchStream implements WatchStream {
  private readonly stream: HubStream;
  private readonly machine: Pick<Machine, 'auth' | 'rights'>;
  /** Whether what this member holds is known to be wrong. */
  private readonly isCorrupt: () => boolean;
  private readonly wakeHub: () => void;

  constructor(
    stream: HubStream,
    machine: Pick<Machine, 'auth' | 'rights'>,
    isCorrupt: () => boolean,
    wakeHub: () => void,
  ) {
    this.stream = stream;
    this.machine = machine;
    this.isCorrupt = isCorrupt;
    this.wakeHub = wakeHub;
  }

  create(spec: WatchSpec, caller?: Caller): WatchCreation | WatchRefused {
    if (this.isCorrupt()) return { kind: 'forbidden', reason: { code: 'corrupt' } };
    const { auth, rights } = this.machine;
    const reason = auth.isEnabled ? rights.refusalOfSpan(caller, spec.span, 'read') : undefined;
    if (reason !== undefined) return { kind: 'forbidden', reason };
    const creation = this.stream.create(spec);
    this.wakeHub();
    return creation;
  }

  cancel(id: number): boolean {
    return this.stream.cancel(id);
  }

  requestProgress(id: number): void {
    this.stream.requestProgress(id);
  }

  requestProgressOfAll(): void {
    this.stream.requestProgressOfAll();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
    this.wakeHub();
  }

  close(): void {
    this.stream.close();
  }
}
