/**
 * What can be wrong with a put, told before anything is written. Where two things are wrong, etcd names the lease for a
 * put by itself and the key for one inside a transaction; clients compare the texts, so we do the same.
 */
import type { PutCommand } from '../machine/commands.ts';
import type { FailureReason } from '../machine/results.ts';
import { NO_LEASE } from '../machine/values.ts';
import type { KeyspaceStore } from './store.ts';

export function putFailure(store: KeyspaceStore, command: PutCommand): FailureReason | undefined {
  return leaseFailure(store, command) ?? keyFailure(store, command);
}

export function putFailureInTransaction(
  store: KeyspaceStore,
  command: PutCommand,
): FailureReason | undefined {
  return keyFailure(store, command) ?? leaseFailure(store, command);
}

function leaseFailure(store: KeyspaceStore, { lease }: PutCommand): FailureReason | undefined {
  return lease === NO_LEASE || store.hasLease(lease) ? undefined : { code: 'leaseNotFound', id: lease };
}

function keyFailure(store: KeyspaceStore, command: PutCommand): FailureReason | undefined {
  const keepsSomething = command.keepValue || command.keepLease;
  return keepsSomething && !store.index.get(command.key)?.isAlive ? { code: 'keyNotFound' } : undefined;
}
