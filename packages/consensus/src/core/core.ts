/** The one interface in front of two protocols. Every caller is written against this, never against a protocol. */
import type { Effect, Role, SnapshotMeta } from './effects.ts';
import type { Entry } from './entry.ts';
import type { Input } from './inputs.ts';
import type { Membership } from './membership.ts';
import type { MessageCodec } from './messages.ts';
import type { Epoch, LogIndex, MemberId } from './numbers.ts';

export type ProtocolName = 'raft' | 'paxos';

/** What a journal holds, read back in order: the input of a core's birth. */
export interface RecoveredLog {
  /** The core's last hard state, or undefined before the first. */
  readonly hardState: Uint8Array | undefined;
  /** The newest snapshot record, or the genesis: index 0, epoch 0 and the founding membership. */
  readonly snapshot: SnapshotMeta;
  /**
   * Entry records after the snapshot in the order they were written. An index may come twice: the core decides
   * what that means (Raft: the later one cuts the log; Paxos: it replaces one slot).
   */
  readonly entries: readonly Entry[];
  /**
   * The state machine holds everything up to here, so it is committed. It was given only what was committed and durable in
   * the log, and a snapshot only once the log durably began after it; what of that a core may count on is its protocol's
   * business. Without, it may wait for ever for what it has.
   */
  readonly stateIndex?: LogIndex;
}

export interface FollowerProgress {
  readonly id: MemberId;
  readonly matchIndex: LogIndex;
  readonly nextIndex: LogIndex;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly recentlyActive: boolean;
}

export interface CoreStatus {
  readonly role: Role;
  readonly epoch: Epoch;
  readonly leader: MemberId | undefined;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Everything at or below is gone from the log, and only in a snapshot. */
  readonly trimmedIndex: LogIndex;
  readonly membership: Membership;
  /** Whether a transfer of leadership is under way. */
  readonly transferring: boolean;
  /** At a leader: a change of membership is under way. Until it ends the members that it removes must not be taken away. */
  readonly changingMembership: boolean;
  /** The leader's view of the others; empty elsewhere. */
  readonly progress: readonly FollowerProgress[];
}

export interface ConsensusCore {
  readonly protocol: ProtocolName;
  readonly id: MemberId;
  readonly codec: MessageCodec;
  /** Takes one input and runs to completion. What it decided waits in `drain`. */
  step(input: Input): void;
  /** The effects since the last call, in the order they must be carried out. */
  drain(): Effect[];
  status(): CoreStatus;
  /** The epoch and membership at an index that is applied and not below the trim, for whoever writes a snapshot there. */
  snapshotMeta(index: LogIndex): SnapshotMeta;
  /** The log's share of the heap, in bytes: what the owner weighs when it decides to trim. */
  logBytes(): number;
}
