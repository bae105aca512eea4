/** S1, S8: the state at an index is the same on every member, whatever it went through. */
import type { CoordinationMachine } from '@synod/coordination';
import { require } from './rule-broken.ts';

/** Hashing reads the whole state, so only every so many entries. */
const ENTRIES_A_HASH = 100;

export class StateHashes {
  private readonly hashes = new Map<number, string>();

  /** Whether the state at this index is one of those compared. */
  isCompared(index: number): boolean {
    return index % ENTRIES_A_HASH === 0;
  }

  compare(place: number, machine: CoordinationMachine): void {
    const hash = machine.stateHash();
    const known = this.hashes.get(machine.appliedIndex);
    if (known === undefined) this.hashes.set(machine.appliedIndex, hash);
    else
      require(known === hash, 'S1', () =>
        `the state of m${place} at ${machine.appliedIndex} differs from another's`);
  }
}
