/**
 * The keyspace: etcd's multi-version map, driven by commands from the log, the same on every member. One entry of the
 * log makes at most one revision (S3). Nothing here throws for anything a command says (S10).
 */
import { unreachable } from '@synod/consensus';
import type { Backend } from '../backend/backend.ts';
import type { ApplyMeter } from '../machine/apply-meter.ts';
import type {
  CompactCommand,
  DeleteRangeCommand,
  PageQuery,
  PutCommand,
  RangeQuery,
  TransactionCommand,
} from '../machine/commands.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from '../machine/results.ts';
import type { StateHash } from '../machine/state-hash.ts';
import { type Revision, revision as toRevision } from '../machine/values.ts';
import type { WatchHistory } from '../watches/history.ts';
import { CompactionSweep } from './compaction-sweep.ts';
import { KeyspaceHistory } from './history.ts';
import { KeyspaceHash } from './keyspace-hash.ts';
import type { KeyspaceTally } from './keyspace-tally.ts';
import type { LeaseBook } from './lease-book.ts';
import { putFailure } from './put-failure.ts';
import { rangeAt } from './range.ts';
import { rangePage } from './range-page.ts';
import { FIRST_REVISION, KeyspaceStore, NEVER_COMPACTED } from './store.ts';
import { runTransaction } from './transaction.ts';
import { KeyspaceWrite } from './write.ts';

export class Keyspace {
  private readonly store: KeyspaceStore;
  private readonly compaction: CompactionSweep;
  readonly history: WatchHistory;

  constructor(backend: Backend, leases: LeaseBook) {
    this.store = new KeyspaceStore(backend, leases);
    this.compaction = new CompactionSweep(this.store);
    this.history = new KeyspaceHistory(this.store);
  }

  get revision(): Revision {
    return this.store.revision;
  }

  get compactRevision(): Revision {
    return this.store.compactRevision;
  }

  /** Of the last compaction; -1 before the first. */
  get compactedTo(): number {
    return this.store.compactedTo;
  }

  /** Keys that exist now. */
  get keyCount(): number {
    return this.store.index.liveCount;
  }

  /** Takes the state from the backend. The revisions come from the machine's meta row; undefined: a new keyspace. */
  load(revisions: { readonly current: number; readonly compactedTo: number } | undefined): void {
    this.store.load(
      toRevision(revisions?.current ?? FIRST_REVISION),
      revisions?.compactedTo ?? NEVER_COMPACTED,
    );
    this.compaction.restart();
  }

  /** What was done here, for whoever counts. */
  get tally(): Readonly<KeyspaceTally> {
    return this.store.tally;
  }

  range(query: RangeQuery): RangeResult | Failure {
    this.store.tally.ranges++;
    return rangeAt(this.store, query, this.store.revision);
  }

  page(query: PageQuery): PageResult | Failure {
    this.store.tally.ranges++;
    return rangePage(this.store, query, this.store.revision);
  }

  /** Adds all that can be seen of the keyspace to a hash. Reads every row, so it is for checks. */
  hashInto(hash: StateHash): void {
    const { revision, compactedTo } = this.store;
    const keyspace = new KeyspaceHash(this.store, revision);
    keyspace.step(Number.POSITIVE_INFINITY);
    hash.number(revision);
    hash.number(compactedTo);
    hash.number(keyspace.sum);
  }

  /** Begins the hash of what can be seen at a revision; 0: the present one. */
  beginHash(atRevision: Revision): KeyspaceHash | Failure {
    const { revision, compactRevision } = this.store;
    const reason =
      atRevision > revision
        ? ({ code: 'revisionInFuture', currentRevision: revision } as const)
        : atRevision > 0 && atRevision < compactRevision
          ? ({ code: 'revisionCompacted', compactRevision } as const)
          : undefined;
    if (reason !== undefined) return { kind: 'failure', reason, revision };
    return new KeyspaceHash(this.store, atRevision > 0 ? atRevision : revision);
  }

  /** Begins the revision of one log entry. The caller ends it with `finish`, before anything else is written. */
  begin(meter: ApplyMeter): KeyspaceWrite {
    return new KeyspaceWrite(this.store, meter);
  }

  apply(write: KeyspaceWrite, command: PutCommand | CompactCommand): CommandResult {
    switch (command.kind) {
      case 'put': {
        const reason = putFailure(this.store, command);
        return reason === undefined
          ? write.put(command)
          : { kind: 'failure', reason, revision: write.current };
      }
      case 'compact':
        return this.compact(write, command.revision);
      default:
        return unreachable(command);
    }
  }

  /** What may look at every key there is: yields where the turn's share of work is used up. */
  applyInSteps(
    write: KeyspaceWrite,
    command: DeleteRangeCommand | TransactionCommand,
  ): Generator<void, CommandResult> {
    return command.kind === 'deleteRange'
      ? write.deleteRange(command)
      : runTransaction(this.store, write, command);
  }

  /**
   * Takes away up to `rowsMax` rows or so that compaction let go of. What can be seen does not depend on how far it has
   * come (S4). @returns whether there is more to do.
   */
  sweep(rowsMax: number): boolean {
    return this.compaction.step(rowsMax);
  }

  private compact(write: KeyspaceWrite, revision: Revision): CommandResult {
    const { store } = this;
    if (revision <= store.compactedTo)
      return {
        kind: 'failure',
        reason: { code: 'revisionCompacted', compactRevision: store.compactRevision },
        revision: write.current,
      };
    if (revision > write.current)
      return {
        kind: 'failure',
        reason: { code: 'revisionInFuture', currentRevision: write.current },
        revision: write.current,
      };
    store.compactedTo = revision;
    return { kind: 'compacted', revision: write.current };
  }
}
