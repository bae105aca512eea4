/** The reference's alarms: which are active, and what they stop. Written from the rules, not from the code. */
import type { Alarm, AlarmCommand, Command, FailureReason, TransactionCommand } from '@synod/coordination';

export class ReferenceAlarms {
  /** In the order in which they were raised. */
  private active: readonly Alarm[] = [];

  apply({ kind, alarm }: AlarmCommand): readonly Alarm[] {
    const known = this.active.filter((one) => one.member === alarm.member && one.kind === alarm.kind);
    const others = this.active.filter((one) => !known.includes(one));
    if (kind === 'raise') {
      // One that both the member and somebody else raised is somebody's: it stays until it is cleared by hand.
      const isAutomatic = alarm.isAutomatic && known.every((one) => one.isAutomatic);
      const raised = { ...alarm, isAutomatic };
      this.active = [...others, raised];
      return [raised];
    }
    const cleared = known.filter((one) => one.isAutomatic || !alarm.isAutomatic);
    this.active = this.active.filter((one) => !cleared.includes(one));
    return cleared;
  }

  forget(member: string): void {
    this.active = this.active.filter((one) => one.member !== member);
  }

  /** Why the command is not even looked at; `undefined`: it is. */
  stopped(command: Command): FailureReason | undefined {
    const changes = changesOf(command);
    if (this.active.some(({ kind }) => kind === 'corrupt') && changes.size > 0) return { code: 'corrupt' };
    if (this.active.some(({ kind }) => kind === 'noSpace') && changes.has('more')) return { code: 'noSpace' };
    return undefined;
  }
}

/** `more`: what takes space; `less`: what changes keys and takes none. */
function changesOf(command: Command): ReadonlySet<'more' | 'less'> {
  switch (`${command.module} ${command.kind}`) {
    case 'keyspace put':
    case 'leases grant':
      return new Set(['more']);
    case 'keyspace deleteRange':
    case 'keyspace compact':
    case 'leases revoke':
      return new Set(['less']);
    case 'keyspace transaction': {
      const { success, failure } = command as TransactionCommand;
      const inside = [...success, ...failure].filter(({ kind }) => kind !== 'range');
      return new Set(inside.flatMap((operation) => [...changesOf(operation as Command)]));
    }
    default:
      return new Set();
  }
}
