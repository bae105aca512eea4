/** Carries out what trimming.ts decides: makes the state durable, then forgets the log behind it, disk and heap alike. */
import type { ConsensusCore } from '../core/core.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';
import type { Journal } from '../journal/journal.ts';
import type { StateMachine } from './ports.ts';
import { type LogFacts, shouldPersist, type TrimmingOptions, trimTarget } from './trimming.ts';

export interface LogTrimmerPorts {
  readonly core: ConsensusCore;
  readonly journal: Journal;
  readonly machine: StateMachine;
  readonly options: TrimmingOptions;
  /** What the core was told is applied. */
  appliedIndex(): LogIndex;
  /** See SnapshotSender. */
  neededAfter(): LogIndex | undefined;
  /** The journal was told: now the core, and whoever else kept something for these entries. */
  trimmed(index: LogIndex): void;
  failed(reason: string): void;
}

export class LogTrimmer {
  private readonly ports: LogTrimmerPorts;
  /** Where the state was when a persist last began. Monotone. */
  private persistedIndex = 0;
  private persisting = false;
  private stopped = false;

  constructor(ports: LogTrimmerPorts) {
    this.ports = ports;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Entries were applied: is it time? */
  consider(): void {
    if (this.persisting || this.stopped) return;
    const facts = this.facts();
    if (!shouldPersist(facts, this.persistedIndex, this.ports.options)) return;
    this.persisting = true;
    this.persistedIndex = facts.appliedIndex;
    this.ports.machine.persist((error) => {
      this.persisting = false;
      if (this.stopped) return;
      if (error !== undefined) this.ports.failed(`the state could not be made durable: ${error.message}`);
      else this.trim();
    });
  }

  private trim(): void {
    const { core, journal, machine, options } = this.ports;
    const facts = this.facts();
    const target = trimTarget(facts, machine.durableIndex, this.ports.neededAfter(), options);
    if (target <= facts.trimmedIndex) return;
    const index = logIndex(target);
    journal.trim(core.snapshotMeta(index));
    this.ports.trimmed(index);
  }

  private facts(): LogFacts {
    const { core, journal } = this.ports;
    const { lastIndex, trimmedIndex } = core.status();
    return {
      appliedIndex: this.ports.appliedIndex(),
      lastIndex,
      trimmedIndex,
      logBytes: core.logBytes(),
      journalBytes: journal.sizeBytes,
    };
  }
}
