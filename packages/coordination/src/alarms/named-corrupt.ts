/** Whether an alarm says that what this one member holds is wrong: then it is not to be asked for it. */
import type { Machine } from '../machine/machine-api.ts';

/** Asked with every read: cheap while there is no such alarm. */
export function isNamedCorrupt(machine: Pick<Machine, 'alarms' | 'hasAlarm'>, member: string): boolean {
  if (!machine.hasAlarm('corrupt')) return false;
  return machine.alarms().some((alarm) => alarm.kind === 'corrupt' && alarm.member === member);
}
