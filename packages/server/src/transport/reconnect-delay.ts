/** How long to wait before the next try to connect. */
import type { TransportTiming } from './limits.ts';

/** @param failures tries in a row that came to nothing @param random 0 to 1: so that members do not try in step */
export function reconnectDelayMs(
  failures: number,
  random: number,
  timing: Pick<TransportTiming, 'reconnectFirstMs' | 'reconnectLastMs'>,
): number {
  // 2^30 is beyond any last delay; a power with no bound ends in Infinity.
  const doubled = timing.reconnectFirstMs * 2 ** Math.min(failures, 30);
  return Math.min(doubled, timing.reconnectLastMs) * (1 + random / 4);
}
