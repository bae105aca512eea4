/** What can be wrong with a put, told before anything is written. */
import type { PutCommand } from '../machine/commands.ts';
import type { FailureReason } from '../machine/results.ts';
import { NO_LEASE } from '../machine/values.ts';
import type { KeyspaceStore } from './store.ts';

export function putFailure(store: KeyspaceStore, command: PutCommand): FailureReason | undefined {
  if ((command.keepValue || command.keepLease) && !store.index.get(command.key)?.isAlive)
    return { code: 'keyNotFound' };
  if (command.lease !== NO_LEASE && !store.hasLease(command.lease))
    return { code: 'leaseNotFound', id: command.lease };
  return undefined;
}
