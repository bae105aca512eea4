/**
 * The alarms that are active, as a part of the replicated state: what one member raised, all act on from the same entry
 * on. Which commands an alarm stops is alarm-effects.ts's business.
 */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import type { AlarmCommand } from '../machine/commands.ts';
import { ALARM_KINDS, type Alarm, type AlarmKind } from './alarm.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

export class AlarmModule {
  private readonly backend: Pick<Backend, 'scan' | 'put' | 'remove'>;
  /** By member and kind; in no order that means anything. Durable with the backend's commits. */
  private readonly alarms = new Map<string, Alarm>();

  constructor(backend: Pick<Backend, 'scan' | 'put' | 'remove'>) {
    this.backend = backend;
  }

  /** @throws MalformedBytes when a row is not what this version wrote. */
  load(): void {
    this.alarms.clear();
    for (const { key, value } of this.backend.scan(TABLE.alarms, {})) {
      const alarm = decodeAlarm(key, value);
      this.alarms.set(nameOf(alarm), alarm);
    }
  }

  isActive(kind: AlarmKind): boolean {
    if (this.alarms.size === 0) return false;
    for (const alarm of this.alarms.values()) if (alarm.kind === kind) return true;
    return false;
  }

  /** By member, then by kind, so that every member gives the same list. */
  list(): Alarm[] {
    return [...this.alarms.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  /** @returns the alarm that the command was about, if it is active now or was until now */
  apply({ kind, alarm }: AlarmCommand): Alarm | undefined {
    return kind === 'raise' ? this.raise(alarm) : this.clear(alarm);
  }

  /** What a member raised that is none any more. */
  forget(member: string): void {
    for (const alarm of this.list())
      if (alarm.member === member) this.clear({ ...alarm, isAutomatic: false });
  }

  private raise(alarm: Alarm): Alarm {
    const before = this.alarms.get(nameOf(alarm));
    // What somebody raised by hand stays theirs to clear.
    if (before !== undefined && (alarm.isAutomatic || !before.isAutomatic)) return before;
    this.alarms.set(nameOf(alarm), alarm);
    this.backend.put(TABLE.alarms, alarmRowKey(alarm), encodeAlarm(alarm));
    return alarm;
  }

  private clear(alarm: Alarm): Alarm | undefined {
    const before = this.alarms.get(nameOf(alarm));
    if (before === undefined || (alarm.isAutomatic && !before.isAutomatic)) return undefined;
    this.alarms.delete(nameOf(alarm));
    this.backend.remove(TABLE.alarms, alarmRowKey(alarm));
    return before;
  }
}

function nameOf({ member, kind }: Alarm): string {
  return `${member}/${ALARM_KINDS.indexOf(kind)}`;
}

function alarmRowKey({ member, kind }: Alarm): Uint8Array {
  const writer = new ByteWriter(9);
  writeHexId(writer, member);
  writer.u8(ALARM_KINDS.indexOf(kind));
  return writer.finish();
}

function encodeAlarm({ isAutomatic }: Alarm): Uint8Array {
  return Uint8Array.of(ROW_VERSION, isAutomatic ? 1 : 0);
}

function decodeAlarm(key: Uint8Array, value: Uint8Array): Alarm {
  const keyReader = new ByteReader(key);
  const member = readHexId(keyReader);
  const number = keyReader.u8();
  keyReader.end();
  const kind = ALARM_KINDS[number];
  if (kind === undefined) throw new MalformedBytes(`an alarm of kind ${number}`);
  const reader = new ByteReader(value);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`an alarm's row of version ${version}`);
  const isAutomatic = reader.u8() === 1;
  reader.end();
  return { member, kind, isAutomatic };
}
