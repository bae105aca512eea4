/**
 * When a process is asked to stop: by a signal, or because whoever started it with a channel is gone. One Ctrl-C may
 * arrive twice, from the terminal and passed on by npm, so a second request counts only after a while.
 */
const SAME_REQUEST_MS = 500;

export interface StopReactions {
  readonly onFirst: (why: string) => void;
  /** Somebody is impatient. */
  readonly onSecond: (why: string) => void;
}

/** Resolves at the first request. */
export function stopAsked(
  { onFirst, onSecond }: StopReactions,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const ask = (why: string): void => {
      const now = performance.now();
      if (firstMs === undefined) {
        firstMs = now;
        onFirst(why);
        resolve();
      } else if (now - firstMs > SAME_REQUEST_MS) onSecond(why);
    };
    for (const signal of signals) process.on(signal, () => ask(signal));
    process.on('disconnect', () => ask('the process that started this one is gone'));
  });
}
