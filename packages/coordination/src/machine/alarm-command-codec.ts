/** Commands about alarms as bytes, behind their tag. A number, once given, keeps its meaning. */
import { type ByteReader, type ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { ALARM_KINDS } from '../alarms/alarm.ts';
import type { AlarmCommand } from './commands.ts';

const CHANGES: readonly AlarmCommand['kind'][] = ['raise', 'clear'];

export function writeAlarmCommand(writer: ByteWriter, { kind, alarm }: AlarmCommand): void {
  writer.u8(CHANGES.indexOf(kind));
  writeHexId(writer, alarm.member);
  writer.u8(ALARM_KINDS.indexOf(alarm.kind));
  writer.u8(alarm.isAutomatic ? 1 : 0);
}

/** @throws MalformedBytes */
export function readAlarmCommand(reader: ByteReader): AlarmCommand {
  const change = CHANGES[reader.u8()];
  const member = readHexId(reader);
  const kind = ALARM_KINDS[reader.u8()];
  if (change === undefined || kind === undefined) throw new MalformedBytes('no such alarm, or change of one');
  return { module: 'alarms', kind: change, alarm: { member, kind, isAutomatic: reader.u8() === 1 } };
}
