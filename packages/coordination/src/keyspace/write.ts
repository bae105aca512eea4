/**
 * One revision in the making: the puts and deletions of one log entry, which become visible together and get
 * sub-revisions in their order. What was written so far is seen by what comes after. What may take long yields where the
 * turn's share of work is used up.
 */
import type { ApplyMeter } from '../machine/apply-meter.ts';
import type { DeleteRangeCommand, PutCommand } from '../machine/commands.ts';
import type { DeleteRangeResult, PutResult } from '../machine/results.ts';
import {
  type Key,
  type KeyEvent,
  type KeyRecord,
  type Revision,
  revision as toRevision,
} from '../machine/values.ts';
import type { KeyEntry } from './key-entry.ts';
import { tombstone } from './row.ts';
import type { KeyspaceStore } from './store.ts';

export class KeyspaceWrite {
  private readonly store: KeyspaceStore;
  /** What the revision will be if something changes. */
  private readonly next: Revision;
  readonly meter: ApplyMeter;
  readonly events: KeyEvent[] = [];

  constructor(store: KeyspaceStore, meter: ApplyMeter) {
    this.store = store;
    this.meter = meter;
    this.next = toRevision(store.revision + 1);
  }

  /** What counts as now: the last revision, or the one in the making once something changed (S3). */
  get current(): Revision {
    return this.events.length > 0 ? this.next : this.store.revision;
  }

  /**
   * The caller has checked that the lease exists, and that the key did before the entry where something of it is kept.
   * Of a key that the entry itself deleted meanwhile there is nothing to keep (S10).
   */
  put(command: PutCommand): PutResult {
    const entry = this.store.index.get(command.key);
    const before = entry?.isAlive ? entry : undefined;
    const needsRecord = before !== undefined && (command.previous || command.keepValue);
    const record = needsRecord ? this.store.liveRow(before) : undefined;
    const written: KeyRecord = {
      key: command.key,
      value: command.keepValue && record !== undefined ? record.value : command.value,
      createRevision: before === undefined ? this.next : toRevision(before.createRevision),
      modRevision: this.next,
      version: before === undefined ? 1 : before.version + 1,
      lease: command.keepLease ? this.store.leaseOf(command.key) : command.lease,
    };
    this.store.put(written, this.events.length);
    this.meter.spend(1, written.value.length);
    const { tally } = this.store;
    tally.puts++;
    // A key has a character a byte.
    tally.putBytes += written.key.length + written.value.length;
    this.events.push({ kind: 'put', record: written });
    return { kind: 'put', revision: this.next, previous: command.previous ? record : undefined };
  }

  *deleteRange(command: DeleteRangeCommand): Generator<void, DeleteRangeResult> {
    const previous: KeyRecord[] = [];
    let deleted = 0;
    // A key that dies stays where it is in the index.
    for (const entry of this.store.index.liveEntries(command.span)) {
      const record = command.previous ? this.store.liveRow(entry) : undefined;
      if (record !== undefined) previous.push(record);
      this.remove(entry);
      deleted++;
      if (this.meter.spend(1, record?.value.length)) yield;
    }
    this.store.tally.deletions++;
    return { kind: 'deleteRange', revision: this.current, deleted, previous };
  }

  /** Deletes keys that a lease took with it; those that are gone already are passed over. */
  *deleteKeys(keys: readonly Key[]): Generator<void, void> {
    for (const key of keys) {
      const entry = this.store.index.get(key);
      if (!entry?.isAlive) continue;
      this.remove(entry);
      this.store.tally.deletions++;
      if (this.meter.spend(1)) yield;
    }
  }

  /** Puts what was written in force. */
  finish(): void {
    this.store.revision = this.current;
  }

  private remove(entry: KeyEntry): void {
    this.store.remove(entry, this.next, this.events.length);
    this.events.push({ kind: 'delete', record: tombstone(entry.key, this.next) });
  }
}
