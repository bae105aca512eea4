/**
 * The memberships in the log, by index. One is in force from the moment it is appended, committed or not, and a
 * truncation brings the one before it back (Raft §6).
 */
import { assert } from './assert.ts';
import type { Membership } from './membership.ts';
import type { LogIndex } from './numbers.ts';

export interface MembershipAt {
  readonly index: LogIndex;
  readonly membership: Membership;
}

export class Memberships {
  /** Rising indexes, never empty; the first is the one in force at the trim. */
  private history: MembershipAt[];

  constructor(start: MembershipAt) {
    this.history = [start];
  }

  get latest(): MembershipAt {
    return this.history[this.history.length - 1]!;
  }

  append(entry: MembershipAt): void {
    assert(entry.index > this.latest.index, 'memberships come in the order of the log');
    this.history.push(entry);
  }

  /** The one in force at an index not below the trim. */
  at(index: LogIndex): Membership {
    const found = this.history.findLast((entry) => entry.index <= index);
    assert(found !== undefined, 'a membership is asked for at or above the trim');
    return found.membership;
  }

  /** Whether the one in force at `index`, or any after it, satisfies the condition. */
  someSince(index: LogIndex, condition: (membership: Membership) => boolean): boolean {
    const first = this.history.findLastIndex((entry) => entry.index <= index);
    return this.history.slice(Math.max(first, 0)).some(({ membership }) => condition(membership));
  }

  /** Returns whether another one is in force now. */
  truncateFrom(index: LogIndex): boolean {
    const before = this.history.length;
    while (this.history.length > 1 && this.latest.index >= index) this.history.pop();
    return this.history.length < before;
  }

  trim(index: LogIndex): void {
    while (this.history.length > 1 && this.history[1]!.index <= index) this.history.shift();
  }

  reset(start: MembershipAt): void {
    this.history = [start];
  }
}
