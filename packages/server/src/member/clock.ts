/** The engine's Clock over the process's own: monotonic time, and the end of a turn of the event loop. */
import type { Clock } from '@synod/consensus';

export const CLOCK: Clock = {
  nowMs: () => performance.now(),
  defer: (job) => {
    setImmediate(job);
  },
};
