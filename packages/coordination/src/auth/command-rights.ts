/**
 * What each command needs of whoever proposed it, in one total table by kind: a command that is added does not compile
 * until it has its line. Asked for every command of an entry before the first of them changes anything (A3).
 */
import { unreachable } from '@synod/consensus';
import type {
  AuthCommand,
  Command,
  Comparison,
  KeyspaceCommand,
  LeaseCommand,
  MemberCommand,
  PutCommand,
  TransactionCommand,
  TransactionOperation,
} from '../machine/commands.ts';
import { type Key, type KeySpan, type LeaseId, NO_LEASE } from '../machine/values.ts';
import type { Caller } from './caller.ts';
import type { Refusal, Rights } from './rights.ts';

/** Which keys hang on a lease, in any order. */
export interface LeaseKeys {
  attached(id: LeaseId): Iterable<Key>;
}

export class CommandRights {
  private readonly rights: Rights;
  private readonly leases: LeaseKeys;

  constructor(rights: Rights, leases: LeaseKeys) {
    this.rights = rights;
    this.leases = leases;
  }

  /** Why the command is refused; `undefined`: permitted. */
  refusal(caller: Caller | undefined, command: Command): Refusal | undefined {
    switch (command.module) {
      case 'keyspace':
        return this.refusalOfKeyspace(caller, command);
      case 'leases':
        return this.refusalOfLease(caller, command);
      case 'members':
        return this.refusalOfMembers(caller, command);
      case 'auth':
        return this.refusalOfAuth(caller, command);
      case 'alarms':
        // They stop everybody's writes, or let them go on.
        return this.rights.refusalOfRoot(caller);
      default:
        return unreachable(command);
    }
  }

  private refusalOfKeyspace(caller: Caller | undefined, command: KeyspaceCommand): Refusal | undefined {
    switch (command.kind) {
      case 'put':
      case 'deleteRange':
      case 'transaction':
        return this.refusalOfOperation(caller, command);
      case 'compact':
        // It takes history from everybody.
        return this.rights.refusalOfRoot(caller);
      default:
        return unreachable(command);
    }
  }

  private refusalOfOperation(
    caller: Caller | undefined,
    operation: TransactionOperation,
  ): Refusal | undefined {
    const { rights } = this;
    switch (operation.kind) {
      case 'range':
        return rights.refusalOfSpan(caller, operation.query.span, 'read');
      case 'put':
        return this.refusalOfPut(caller, operation);
      case 'deleteRange':
        return (
          rights.refusalOfSpan(caller, operation.span, 'write') ??
          (operation.previous ? rights.refusalOfSpan(caller, operation.span, 'read') : undefined)
        );
      case 'transaction':
        return this.refusalOfTransaction(caller, operation);
      default:
        return unreachable(operation);
    }
  }

  /** A lease takes its keys with it: who hangs a key on one must be allowed to end all that hang there (A10). */
  private refusalOfPut(caller: Caller | undefined, put: PutCommand): Refusal | undefined {
    const span = only(put.key);
    return (
      this.rights.refusalOfSpan(caller, span, 'write') ??
      (put.lease === NO_LEASE ? undefined : this.refusalOfLeaseKeys(caller, put.lease)) ??
      (put.previous ? this.rights.refusalOfSpan(caller, span, 'read') : undefined)
    );
  }

  /** Both branches in full, whichever is taken: which one that is would tell about keys, too (A9). */
  private refusalOfTransaction(
    caller: Caller | undefined,
    { compares, success, failure }: TransactionCommand,
  ): Refusal | undefined {
    return (
      this.firstRefusal(compares, (compare: Comparison) =>
        this.rights.refusalOfSpan(caller, compare.span, 'read'),
      ) ??
      this.firstRefusal(success, (operation) => this.refusalOfOperation(caller, operation)) ??
      this.firstRefusal(failure, (operation) => this.refusalOfOperation(caller, operation))
    );
  }

  private refusalOfLease(caller: Caller | undefined, command: LeaseCommand): Refusal | undefined {
    switch (command.kind) {
      case 'grant':
        return this.rights.refusalOfUser(caller);
      case 'revoke':
        // An expiry is the leader's own, and no client can propose one.
        if (command.cause === 'expired') return undefined;
        return this.rights.refusalOfUser(caller) ?? this.refusalOfLeaseKeys(caller, command.id);
      case 'checkpoint':
        return undefined;
      default:
        return unreachable(command);
    }
  }

  private refusalOfLeaseKeys(caller: Caller | undefined, id: LeaseId): Refusal | undefined {
    return this.rights.refusalOfKeys(caller, this.leases.attached(id), 'write');
  }

  private refusalOfMembers(caller: Caller | undefined, command: MemberCommand): Refusal | undefined {
    switch (command.kind) {
      case 'publish':
      case 'retire':
        // What members say themselves; no client can propose it.
        return undefined;
      case 'add':
      case 'remove':
      case 'update':
      case 'promote':
        return this.rights.refusalOfRoot(caller);
      default:
        return unreachable(command);
    }
  }

  private refusalOfAuth(caller: Caller | undefined, command: AuthCommand): Refusal | undefined {
    // A sign-in comes before there is a caller; what it needs is a password, which was found right.
    return command.kind === 'signIn' ? undefined : this.rights.refusalOfRoot(caller);
  }

  private firstRefusal<Item>(
    items: readonly Item[],
    refusalOf: (item: Item) => Refusal | undefined,
  ): Refusal | undefined {
    for (const item of items) {
      const refusal = refusalOf(item);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}

function only(key: Key): KeySpan {
  return { from: key, to: undefined };
}
