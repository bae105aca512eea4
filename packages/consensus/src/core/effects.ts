/**
 * What a consensus core asks for, in order. The order of durability is data: a message carries the ticket of the
 * write it must wait for, so nothing rests on the discipline of whoever carries effects out.
 */
import type { Entry } from './entry.ts';
import type { Membership } from './membership.ts';
import type { PeerMessage } from './messages.ts';
import type { Epoch, LogIndex, MemberId, Ticket } from './numbers.ts';

/** One record for the journal. Records of one write are made durable together. */
export type LogRecord =
  /**
   * An entry. An index already written means, for Raft, that the log was cut there first; for Paxos, that this one slot
   * holds something else now. Paxos writes slots in any order.
   */
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** The core's small durable state (Raft: term and vote, in one record, pitfall 18; Paxos: the promise), in the core's own encoding. */
  | { readonly kind: 'hardState'; readonly state: Uint8Array }
  /**
   * The log now begins after this snapshot: entries at and below it do not count. Those above it that came before this
   * record do not count either for Raft, and do for Paxos, whose slots do not depend on each other.
   */
  | { readonly kind: 'snapshot'; readonly meta: SnapshotMeta };

/** What a snapshot says of itself beside the state: enough to go on after it (pitfall 28). */
export interface SnapshotMeta {
  /** The last entry the snapshot covers. */
  readonly index: LogIndex;
  readonly epoch: Epoch;
  /** The membership in force at `index`. */
  readonly membership: Membership;
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader' | 'learner';

export type RejectReason =
  /** No leader is known to this replica, or it is not the leader: try at `leader`. */
  | 'notLeader'
  /** The leader's uncommitted bytes are at their limit (R19). Nothing was appended. */
  | 'tooManyUncommitted'
  /** Leadership is being handed over: try again at the new leader. */
  | 'transferring';

export type ReadFailure =
  /** There is no leader to ask, or it changed meanwhile (pitfall 21). */
  'noLeader';

export type MembershipChangeFailure =
  | 'notLeader'
  | 'changeInProgress'
  | 'noOwnTermCommit'
  | 'noVoters'
  /** Quorums of these sizes could miss each other, or this protocol has only majorities. */
  | 'badQuorum'
  | 'unchanged';

export type Effect =
  /** Append these records to the journal; tell me by `durable` with this ticket. */
  | { readonly kind: 'write'; readonly ticket: Ticket; readonly records: readonly LogRecord[] }
  /** Send, once the write `after` is durable; 0: at once. Messages may be lost, doubled and reordered. */
  | { readonly kind: 'send'; readonly to: MemberId; readonly message: PeerMessage; readonly after: Ticket }
  /** These are committed: apply them, in order. Contiguous from the last `apply` or `restore`. */
  | { readonly kind: 'apply'; readonly entries: readonly Entry[] }
  /** The reads of these tokens may be answered from any state at or after `index`. */
  | { readonly kind: 'readable'; readonly tokens: readonly number[]; readonly index: LogIndex }
  | { readonly kind: 'readFailed'; readonly tokens: readonly number[]; readonly reason: ReadFailure }
  /** Who this replica is now, and whom it takes for leader. Sent when any of the three changes. */
  | {
      readonly kind: 'role';
      readonly role: Role;
      readonly epoch: Epoch;
      readonly leader: MemberId | undefined;
    }
  /** None of the payloads of one `propose` was appended, for this reason. */
  | {
      readonly kind: 'rejected';
      readonly payloads: readonly Uint8Array[];
      readonly reason: RejectReason;
      readonly leader: MemberId | undefined;
    }
  | { readonly kind: 'changeRejected'; readonly reason: MembershipChangeFailure }
  /** The membership in force (appended, not yet committed, for Raft). */
  | { readonly kind: 'membership'; readonly membership: Membership; readonly index: LogIndex }
  /**
   * `to` lags behind the log: bring it a snapshot no older than `atLeast`, and after the snapshot's bytes are durable
   * there, hand its core `install` (with the meta of the snapshot that was sent). Then tell me by `snapshotSent`.
   */
  | {
      readonly kind: 'sendSnapshot';
      readonly to: MemberId;
      readonly atLeast: LogIndex;
      readonly install: (meta: SnapshotMeta) => PeerMessage;
    }
  /**
   * None of the snapshots asked for so far is wanted from here any more. What goes with one may speak of a Raft term
   * that is over; a chosen value of Paxos needs no leader, so its senders go on.
   */
  | { readonly kind: 'abandonSnapshots' }
  /** Replace the state by the snapshot received last, whose meta this is; then tell me by `applied`. */
  | { readonly kind: 'restore'; readonly meta: SnapshotMeta };
