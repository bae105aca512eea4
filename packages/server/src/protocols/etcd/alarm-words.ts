/** The alarms as etcd numbers and names them, in its answers, its health and its metrics alike. */
import type { Alarm, AlarmKind } from '@synod/coordination';

/** Asks for all of them, and raises none. */
export const ANY_ALARM = 0;

const NUMBERS: Readonly<Record<AlarmKind, number>> = { noSpace: 1, corrupt: 2 };
const NAMES: Readonly<Record<AlarmKind, string>> = { noSpace: 'NOSPACE', corrupt: 'CORRUPT' };

export function alarmNumber(kind: AlarmKind): number {
  return NUMBERS[kind];
}

export function alarmName(kind: AlarmKind): string {
  return NAMES[kind];
}

/** `undefined`: there is no such alarm. */
export function alarmKindOf(number: number): AlarmKind | undefined {
  if (number === NUMBERS.noSpace) return 'noSpace';
  return number === NUMBERS.corrupt ? 'corrupt' : undefined;
}

/** As it stands among the errors of a status, the blank at its end included. */
export function alarmText({ member, kind }: Alarm): string {
  return `memberID:${BigInt(`0x${member}`)} alarm:${NAMES[kind]} `;
}
