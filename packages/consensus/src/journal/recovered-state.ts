/** Replays records in the order they were written, and keeps what still counts at the end. */
import { unreachable } from '../core/assert.ts';
import type { RecoveredLog } from '../core/core.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import { epoch, type LogIndex, NO_INDEX } from '../core/numbers.ts';
import type { JournalIdentity } from './identity.ts';
import type { JournalRecord } from './records.ts';

export class RecoveredState {
  /** From the preamble; every preamble says the same. */
  identity: JournalIdentity | undefined;
  /** The last start of this member that became durable. Never falls. */
  incarnation = 0;
  hardState: Uint8Array | undefined;
  /** Where the log begins; undefined: at the genesis. Its index never falls. */
  base: SnapshotMeta | undefined;
  private entries: Entry[] = [];

  take(record: JournalRecord): void {
    switch (record.kind) {
      case 'entry':
        if (this.identity?.protocol === 'raft') this.cutFrom(record.entry.index);
        this.entries.push(record.entry);
        return;
      case 'hardState':
        this.hardState = record.state;
        return;
      case 'snapshot':
        this.base = record.meta;
        // A slot of Paxos that was accepted stays so, whatever came to be known of those below it (P4).
        this.entries =
          this.identity?.protocol === 'raft'
            ? []
            : this.entries.filter((entry) => entry.index > record.meta.index);
        return;
      case 'trim':
        if (record.meta.index >= (this.base?.index ?? NO_INDEX)) this.base = record.meta;
        return;
      case 'identity':
        this.identity = record.identity;
        return;
      case 'boot':
        this.incarnation = Math.max(this.incarnation, record.incarnation);
        return;
      default:
        unreachable(record);
    }
  }

  /**
   * Raft writes an index again after cutting its log there. The cut is made here, not left to the core, because the
   * entry that says so may itself lie below the base, while what it cut lies above and would come back to life.
   */
  private cutFrom(index: LogIndex): void {
    for (
      let last = this.entries.at(-1);
      last !== undefined && last.index >= index;
      last = this.entries.at(-1)
    )
      this.entries.pop();
  }

  log(identity: JournalIdentity): RecoveredLog {
    const snapshot = this.base ?? {
      index: NO_INDEX,
      epoch: epoch(0),
      membership: identity.foundingMembership,
    };
    return {
      hardState: this.hardState,
      snapshot,
      entries: this.entries.filter((entry) => entry.index > snapshot.index),
    };
  }
}
