/**
 * Keeps this member's store below its quota: turns commands away that would not fit, raises the alarm through the log so
 * that the whole cluster stores no more, and clears its own alarm once there is space again. It knows sizes; what an
 * alarm stops is decided where entries are applied, alike on every member.
 */
import type { Alarm } from '../alarms/alarm.ts';
import { spaceOf } from '../alarms/alarm-effects.ts';
import type { AlarmCommand, Command } from '../machine/commands.ts';
import type { Machine } from '../machine/machine-api.ts';
import { FULL_STORE_SHARE } from './limits.ts';

export interface SpaceGuardParts {
  /** As 16 hex digits. */
  readonly self: string;
  readonly machine: Pick<Machine, 'alarms'>;
  /** What the store holds, what is still on its way into it included. */
  readonly storedBytes: () => number;
  /** Infinity: no quota. */
  readonly storeBytesMax: number;
  /** By this member's own resolve; `done` whatever came of it. */
  readonly submit: (command: AlarmCommand, done: () => void) => void;
  readonly raised: (storedBytes: number) => void;
}

export class SpaceGuard {
  readonly storeBytesMax: number;
  private readonly parts: SpaceGuardParts;
  /** As it was at the last tick. */
  private storedBytes = 0;
  /** Of commands let through since: not all of it is stored yet, or ever. */
  private admittedBytes = 0;
  /** Of this member's alarm, on its way. */
  private asking: AlarmCommand['kind'] | undefined = undefined;
  /** Who is told once an alarm on its way stands. */
  private afterRaise: (() => void)[] = [];

  constructor(parts: SpaceGuardParts) {
    this.parts = parts;
    this.storeBytesMax = parts.storeBytesMax;
  }

  /** Whether the command fits; where one does not, and the store is about full, the alarm is raised. */
  admits(command: Command): boolean {
    if (this.storeBytesMax === Number.POSITIVE_INFINITY) return true;
    const bytes = spaceOf(command);
    if (bytes === 0) return true;
    if (this.storedBytes + this.admittedBytes + bytes < this.storeBytesMax) {
      this.admittedBytes += bytes;
      return true;
    }
    if (this.storedBytes + this.admittedBytes >= this.fullFrom) this.raise();
    return false;
  }

  /**
   * Calls back once an alarm that is being raised stands, or could not be raised: whoever is told that there is no space
   * finds the alarm that says so. At once where none is on its way.
   */
  afterAlarm(then: () => void): void {
    if (this.asking === 'raise') this.afterRaise.push(then);
    else then();
  }

  /** What came from other members counts, too: so each member looks for itself. */
  tick(): void {
    if (this.storeBytesMax === Number.POSITIVE_INFINITY) return;
    this.storedBytes = this.parts.storedBytes();
    this.admittedBytes = 0;
    if (this.storedBytes >= this.storeBytesMax) this.raise();
    else if (this.storedBytes < this.fullFrom) this.clear();
  }

  private get fullFrom(): number {
    return this.storeBytesMax * FULL_STORE_SHARE;
  }

  private raise(): void {
    if (this.own() !== undefined || !this.ask('raise')) return;
    this.parts.raised(this.storedBytes + this.admittedBytes);
  }

  private clear(): void {
    if (this.own()?.isAutomatic === true) this.ask('clear');
  }

  private own(): Alarm | undefined {
    return this.parts.machine
      .alarms()
      .find(({ member, kind }) => member === this.parts.self && kind === 'noSpace');
  }

  /** @returns false where an earlier change is still on its way */
  private ask(kind: AlarmCommand['kind']): boolean {
    if (this.asking !== undefined) return false;
    this.asking = kind;
    const alarm: Alarm = { member: this.parts.self, kind: 'noSpace', isAutomatic: true };
    this.parts.submit({ module: 'alarms', kind, alarm }, () => {
      this.asking = undefined;
      const told = this.afterRaise;
      this.afterRaise = [];
      for (const then of told) then();
    });
    return true;
  }
}
