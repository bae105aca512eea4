/** The production state machine as the replica sees it, stopped at every compared index so that its state can be hashed. */
import type { Entry, LogIndex, StateImage, StateMachine, StateRestore } from '@synod/consensus';
import type { CoordinationMachine } from '@synod/coordination';
import type { StateHashes } from '../checkers/state-hashes.ts';

export class HashedMachine implements StateMachine {
  private readonly machine: CoordinationMachine;
  private readonly hashes: StateHashes;
  private readonly place: number;

  constructor(machine: CoordinationMachine, hashes: StateHashes, place: number) {
    this.machine = machine;
    this.hashes = hashes;
    this.place = place;
  }

  get appliedIndex(): LogIndex {
    return this.machine.appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.machine.durableIndex;
  }

  apply(entries: readonly Entry[]): void {
    let from = 0;
    for (let i = 0; i < entries.length; i++) {
      if (!this.hashes.isCompared(entries[i]!.index)) continue;
      this.machine.apply(entries.slice(from, i + 1));
      // It may have ended early.
      if (this.machine.appliedIndex < entries[i]!.index) return;
      from = i + 1;
      this.hashes.compare(this.place, this.machine);
    }
    if (from < entries.length) this.machine.apply(from === 0 ? entries : entries.slice(from));
  }

  persist(done: (error: Error | undefined) => void): void {
    this.machine.persist(done);
  }

  capture(): StateImage {
    return this.machine.capture();
  }

  beginRestore(index: LogIndex): StateRestore {
    return this.machine.beginRestore(index);
  }
}
