/** Told how long things took inside a member, in milliseconds of its own clock, for whoever keeps that. It gives nothing back. */
import type { Command } from '../machine/commands.ts';

export interface MemberMeasurements {
  /** A command has its result, or will have none. `milliseconds`: since it was submitted. */
  commandEnded(command: Command, milliseconds: number, succeeded: boolean): void;
  /** A range, or a page of one, was read from the state. */
  rangeRead(milliseconds: number, succeeded: boolean): void;
  /** A hash was taken to its end, between other work. */
  hashed(what: 'keyspace' | 'everything', milliseconds: number): void;
  /** One of the steps in which compaction takes rows away: nothing else went on meanwhile. */
  compactionStep(milliseconds: number): void;
  /** All that a compaction let go of is gone. `milliseconds`: since the first step. */
  compacted(milliseconds: number): void;
}

export const NOTHING_MEASURED: MemberMeasurements = {
  commandEnded: () => {},
  rangeRead: () => {},
  hashed: () => {},
  compactionStep: () => {},
  compacted: () => {},
};
