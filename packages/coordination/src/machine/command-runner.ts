/**
 * Carries out commands: hands each to its module, and does between modules what several of them share. A lease's end
 * deletes keys; an alarm stops what it stops. What may touch every key there is goes on in steps.
 */
import { type LogIndex, unreachable } from '@synod/consensus';
import { changesKeys, takesSpace } from '../alarms/alarm-effects.ts';
import type { AlarmModule } from '../alarms/alarm-module.ts';
import { type AuthModule, tokenAt } from '../auth/auth-module.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { KeyspaceWrite } from '../keyspace/write.ts';
import type { LeaseModule } from '../leases/lease-module.ts';
import type { MemberDirectory } from '../members/member-directory.ts';
import { sortedInSteps } from '../order/sorted-runs.ts';
import type {
  AuthCommand,
  Command,
  DeleteRangeCommand,
  LeaseCommand,
  MemberCommand,
  TransactionCommand,
} from './commands.ts';
import type { MachineOutputs } from './machine-api.ts';
import type { CommandResult, FailureReason } from './results.ts';
import { byBytes } from './values.ts';

type RevokeCommand = Extract<LeaseCommand, { readonly kind: 'revoke' }>;

/** What may touch every key there is. */
type LongCommand = DeleteRangeCommand | TransactionCommand | RevokeCommand;

export interface CommandRunnerParts {
  readonly keyspace: Keyspace;
  readonly leases: LeaseModule;
  readonly directory: MemberDirectory;
  readonly auth: AuthModule;
  readonly alarms: AlarmModule;
  readonly outputs: Pick<MachineOutputs, 'membersChanged'>;
}

/** What is done in one go, however large the state is. */
type ShortCommand = Exclude<Command, LongCommand>;

export function isShort(command: Command): command is ShortCommand {
  const { kind } = command;
  return kind !== 'deleteRange' && kind !== 'transaction' && kind !== 'revoke';
}

export class CommandRunner {
  private readonly parts: CommandRunnerParts;

  constructor(parts: CommandRunnerParts) {
    this.parts = parts;
  }

  /** `index`: of the entry that the command is in. */
  run(write: KeyspaceWrite, command: ShortCommand, index: LogIndex): CommandResult {
    const reason = this.stoppedBy(command);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    switch (command.module) {
      case 'keyspace':
        return this.parts.keyspace.apply(write, command);
      case 'leases':
        return this.runLeaseCommand(write, command);
      case 'members':
        return this.runMemberCommand(write, command);
      case 'auth':
        return this.runAuthCommand(write, command, index);
      case 'alarms': {
        const alarm = this.parts.alarms.apply(command);
        const alarms = alarm === undefined ? [] : [alarm];
        return { kind: 'alarmsChanged', alarms, revision: write.current };
      }
      default:
        return unreachable(command);
    }
  }

  /** Yields where the turn's share of work is used up. */
  *runInSteps(write: KeyspaceWrite, command: LongCommand): Generator<void, CommandResult> {
    const reason = this.stoppedBy(command);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    return command.kind === 'revoke'
      ? yield* this.endLease(write, command)
      : yield* this.parts.keyspace.applyInSteps(write, command);
  }

  /** By the alarms that are active at this entry, and never by how full a member's own store is (S7). */
  private stoppedBy(command: Command): FailureReason | undefined {
    const { alarms } = this.parts;
    if (alarms.isActive('corrupt') && changesKeys(command)) return { code: 'corrupt' };
    if (alarms.isActive('noSpace') && takesSpace(command)) return { code: 'noSpace' };
    return undefined;
  }

  private runLeaseCommand(
    write: KeyspaceWrite,
    command: Exclude<LeaseCommand, RevokeCommand>,
  ): CommandResult {
    switch (command.kind) {
      case 'grant': {
        const { id, ttlSeconds } = command;
        const reason = this.parts.leases.grant(id, ttlSeconds);
        if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
        return { kind: 'leaseGranted', id, ttlSeconds, revision: write.current };
      }
      case 'checkpoint':
        this.parts.leases.checkpoint(command);
        return { kind: 'leasesCheckpointed', revision: write.current };
      default:
        return unreachable(command);
    }
  }

  private runMemberCommand(write: KeyspaceWrite, command: MemberCommand): CommandResult {
    const { directory, alarms, outputs } = this.parts;
    const reason = directory.apply(command);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    // Nobody could clear them any more.
    if (command.kind === 'remove') alarms.forget(command.id);
    outputs.membersChanged();
    return { kind: 'membersChanged', members: directory.list(), revision: write.current };
  }

  private runAuthCommand(write: KeyspaceWrite, command: AuthCommand, index: LogIndex): CommandResult {
    const reason = this.parts.auth.apply(command, index);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    if (command.kind === 'signIn')
      return { kind: 'signedIn', token: tokenAt(command.token, index), revision: write.current };
    return { kind: 'authChanged', revision: write.current };
  }

  /** All keys of a lease go in the revision of its end (C20), in byte order, so that it is the same on all members. */
  private *endLease(write: KeyspaceWrite, command: RevokeCommand): Generator<void, CommandResult> {
    const { leases } = this.parts;
    const revocation =
      command.cause === 'expired'
        ? leases.expire(command.id, command.epoch, command.grantNumber)
        : leases.revoke(command.id);
    if (revocation.kind === 'refused')
      return { kind: 'failure', reason: revocation.reason, revision: write.current };
    yield* write.deleteKeys(yield* sortedInSteps(revocation.keys, byBytes));
    return { kind: 'leaseRevoked', revision: write.current };
  }
}
