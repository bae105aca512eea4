/** Lets watchers who are behind catch up: a bounded step a turn of the event loop, between everything else. */
import type { WatchHub } from '../watches/watch-hub.ts';

export class HubPump {
  private readonly hub: Pick<WatchHub, 'hasWork' | 'catchUp'>;
  private readonly defer: (job: () => void) => void;
  private readonly rowsATurn: number;
  /** Whether a step is waiting for its turn. */
  private scheduled = false;
  private stopped = false;

  constructor(
    hub: Pick<WatchHub, 'hasWork' | 'catchUp'>,
    defer: (job: () => void) => void,
    rowsATurn: number,
  ) {
    this.hub = hub;
    this.defer = defer;
    this.rowsATurn = rowsATurn;
  }

  /** There may be work. Cheap when there is none. */
  wake(): void {
    if (this.scheduled || this.stopped || !this.hub.hasWork) return;
    this.scheduled = true;
    this.defer(() => {
      this.scheduled = false;
      if (this.stopped) return;
      this.hub.catchUp(this.rowsATurn);
      this.wake();
    });
  }

  stop(): void {
    this.stopped = true;
  }
}
