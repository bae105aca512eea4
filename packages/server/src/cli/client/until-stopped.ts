/** Waiting under a lease: for the work, for a signal to stop, and for the news that the lease is lost. */
import type { LeaseSession } from '../../client/lease-session.ts';
import { CommandFailure } from './command-failure.ts';
import { EXIT_FAILED } from './exit-codes.ts';

/**
 * Resolves when the work is done, or at the signal. Without work, only the signal ends it.
 * @throws CommandFailure when the lease is lost first
 */
export async function untilStopped<Result>(
  work: Promise<Result> | undefined,
  session: LeaseSession,
  stop: AbortSignal | undefined,
): Promise<Result> {
  let onAbort = (): void => undefined;
  const stopped = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    if (stop?.aborted) onAbort();
    stop?.addEventListener('abort', onAbort, { once: true });
  });
  const lost = session.lost.then((why) => {
    throw new CommandFailure(EXIT_FAILED, `session expired: ${why}`);
  });
  try {
    return (await Promise.race([...(work === undefined ? [] : [work]), stopped, lost])) as Result;
  } finally {
    stop?.removeEventListener('abort', onAbort);
    lost.catch(() => undefined);
  }
}
