/**
 * Which commands an active alarm stops, in total tables by kind. Without space nothing may add to the store, while what
 * frees space goes on; in a corrupt cluster nothing may change keys. Alarms, members and users can be changed always.
 */
import { unreachable } from '@synod/consensus';
import type {
  Command,
  KeyspaceCommand,
  LeaseCommand,
  TransactionCommand,
  TransactionOperation,
} from '../machine/commands.ts';

/** Whether the command may take space: by what it says, not by which branch would be taken. */
export function takesSpace(command: Command): boolean {
  return spaceOf(command) > 0;
}

/** Bytes that a command may add to the store at most, by the costs that etcd counts with; 0: it takes none. */
export function spaceOf(command: Command): number {
  switch (command.module) {
    case 'keyspace':
      return command.kind === 'compact' ? 0 : spaceOfOperation(command);
    case 'leases':
      return command.kind === 'grant' ? LEASE_BYTES : 0;
    case 'members':
    case 'auth':
    case 'alarms':
      return 0;
    default:
      return unreachable(command);
  }
}

/** What a record and a lease take beside what the client gave. */
const RECORD_OVERHEAD_BYTES = 256;
const LEASE_BYTES = 64;

function spaceOfOperation(operation: TransactionOperation): number {
  switch (operation.kind) {
    case 'put':
      return RECORD_OVERHEAD_BYTES + operation.key.length + operation.value.length;
    case 'transaction':
      return Math.max(spaceOfBranch(operation.success), spaceOfBranch(operation.failure));
    case 'deleteRange':
    case 'range':
      return 0;
    default:
      return unreachable(operation);
  }
}

function spaceOfBranch(operations: readonly TransactionOperation[]): number {
  let bytes = 0;
  for (const operation of operations) bytes += spaceOfOperation(operation);
  return bytes;
}

/** Whether the command may change keys, or what is kept of their past. */
export function changesKeys(command: Command): boolean {
  switch (command.module) {
    case 'keyspace':
      return changesKeyspace(command);
    case 'leases':
      return changesLeases(command);
    case 'members':
    case 'auth':
    case 'alarms':
      return false;
    default:
      return unreachable(command);
  }
}

function changesKeyspace(command: KeyspaceCommand): boolean {
  return command.kind !== 'transaction' || writes(command);
}

function writes({ success, failure }: TransactionCommand): boolean {
  return [success, failure].some((branch) =>
    branch.some((operation) => {
      switch (operation.kind) {
        case 'range':
          return false;
        case 'transaction':
          return writes(operation);
        case 'put':
        case 'deleteRange':
          return true;
        default:
          return unreachable(operation);
      }
    }),
  );
}

/** A checkpoint only notes time that has passed. */
function changesLeases(command: LeaseCommand): boolean {
  return command.kind !== 'checkpoint';
}
