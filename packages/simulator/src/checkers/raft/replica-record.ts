/** What is known of one replica's log and vote, and how far its disk holds them, over all its lives. */
import type { LogRecord, Membership, RaftCore, RecoveredLog, SnapshotMeta } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import { extendHash, PrefixChain } from './prefix-chain.ts';

type Change =
  | { readonly kind: 'end' | 'begin'; readonly index: number; readonly hash: number }
  | { readonly kind: 'hardState'; readonly state: Uint8Array };

interface PendingWrite {
  readonly ticket: number;
  readonly changes: readonly Change[];
}

/** The newest term in which anything was acknowledged, and how much. */
export interface Acknowledged {
  readonly term: number;
  readonly matchIndex: number;
}

/** The prefix hash of what is committed at an index. */
export type CommittedHash = (index: number) => number | undefined;

export class ReplicaRecord {
  readonly place: number;
  /** The log as of the last write asked for. */
  log = new PrefixChain();
  /**
   * The log as the disk holds it for certain. A disk that is wiped keeps its record: what it acknowledged while it was
   * there counts, and its name never comes back.
   */
  durable = new PrefixChain();
  /** The hard state that the disk holds for certain. */
  durableHardState: Uint8Array | undefined;
  private pending: PendingWrite[] = [];
  /** The core of the present life. */
  core: RaftCore | undefined;
  /** The term in which the present life leads, once that was noted; 0: none. */
  leadingTerm = 0;
  /** The newest read round that this life sent. */
  readRound = 0;
  /** What the present life acknowledged, on its way or gone, and what earlier lives did. */
  acknowledged: Acknowledged = { term: 0, matchIndex: 0 };
  /** What was acknowledged by messages that left, over all lives. */
  acknowledgedForGood: Acknowledged = { term: 0, matchIndex: 0 };
  /** The commit index of the present life, as last seen. */
  commitIndex = 0;

  constructor(place: number) {
    this.place = place;
  }

  /** A write was asked for. `appended` hears of each entry with its hash. */
  asked(
    ticket: number,
    records: readonly LogRecord[],
    committed: CommittedHash,
    appended: (record: LogRecord & { kind: 'entry' }, hash: number) => void,
  ): void {
    const changes: Change[] = [];
    for (const record of records) {
      if (record.kind === 'hardState') {
        changes.push({ kind: 'hardState', state: record.state });
        continue;
      }
      const isEntry = record.kind === 'entry';
      const index = isEntry ? record.entry.index : record.meta.index;
      const hash = isEntry
        ? extendHash(this.prefixBefore(index), record.entry)
        : snapshotHash(committed, record.meta);
      if (isEntry) this.log.endWith(index, hash);
      else this.log.beginAfter(index, hash);
      changes.push({ kind: isEntry ? 'end' : 'begin', index, hash });
      if (isEntry) appended(record, hash);
    }
    this.pending.push({ ticket, changes });
  }

  /** The journal said that this write, and every earlier one, is durable. Returns whether that took anything off the disk. */
  becameDurable(ticket: number): boolean {
    let cut = false;
    for (
      let first = this.pending[0];
      first !== undefined && first.ticket <= ticket;
      first = this.pending[0]
    ) {
      this.pending.shift();
      cut = this.settle(first.changes) || cut;
    }
    return cut;
  }

  /**
   * A new life read its journal back: it must hold what was durable, and of what was on its way any number of whole
   * writes, the oldest first (pitfalls 24, 25; R2, R3, R10, R11 over restarts).
   */
  recovered(found: RecoveredLog, committed: CommittedHash): void {
    const { snapshot, entries, hardState } = found;
    const chain = new PrefixChain();
    if (snapshot.index > 0) chain.beginAfter(snapshot.index, snapshotHash(committed, snapshot));
    for (const entry of entries)
      chain.endWith(entry.index, extendHash(chain.at(entry.index - 1) ?? 0, entry));
    const holds = (): boolean =>
      chain.last === this.durable.last &&
      chain.lastHash === this.durable.lastHash &&
      sameBytes(hardState, this.durableHardState);
    const durableEnd = this.durable.last;
    while (!holds()) {
      const next = this.pending.shift();
      require(next !== undefined, 'R10', () =>
        `m${this.place} recovered a log that ends at ${chain.last} and is none that its disk may hold (durable was ${durableEnd})`);
      this.settle(next.changes);
    }
    this.pending = [];
    this.acknowledged = this.acknowledgedForGood;
    this.log = this.durable.copy();
    this.leadingTerm = 0;
    this.readRound = 0;
  }

  private prefixBefore(index: number): number {
    const hash = this.log.at(index - 1);
    require(hash !== undefined, 'R5', () => `m${this.place} appends ${index} after a gap`);
    return hash;
  }

  /** Returns whether an entry is gone over it. */
  private settle(changes: readonly Change[]): boolean {
    let cut = false;
    for (const change of changes) {
      if (change.kind === 'hardState') this.durableHardState = change.state;
      else if (change.kind === 'end') {
        cut ||= change.index <= this.durable.last;
        this.durable.endWith(change.index, change.hash);
      } else {
        cut ||= change.index < this.durable.last;
        this.durable.beginAfter(change.index, change.hash);
      }
    }
    return cut;
  }
}

function snapshotHash(committed: CommittedHash, meta: SnapshotMeta): number {
  const hash = committed(meta.index);
  require(hash !== undefined, 'R17', () => `a snapshot of ${meta.index}, which was never committed`);
  return hash;
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** Whether a group is a quorum of a membership, counted here and not by the code under test. */
export function isQuorum(membership: Membership, holds: (id: string) => boolean): boolean {
  return [membership.voters, membership.outgoingVoters].every(
    (half) => half.length === 0 || 2 * half.filter(holds).length > half.length,
  );
}
