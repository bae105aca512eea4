/**
 * Whoever counts and times what a state machine does. It is told only, and never asked: no state depends on who listens, nor
 * on the clock that a listener may have (S7).
 */
import type { Command } from './commands.ts';
import type { LeaseChange } from './machine-api.ts';
import type { CommandResult } from './results.ts';

export interface MachineObserver {
  /** The next entry's turn begins. */
  entryBegins(): void;
  /** Its commands were carried out or refused, each with its result; not told of an entry that was there before or cannot be read. */
  entryApplied(commands: readonly Command[], results: readonly CommandResult[]): void;
  leaseChanged(change: LeaseChange): void;
}
