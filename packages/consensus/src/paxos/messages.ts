/**
 * What Paxos replicas say to each other. The names are the papers'; `ballot` is always the sender's leadership, or that of
 * the proposer who is answered. An entry's `epoch` is the ballot it was accepted at; its index is its slot.
 */
import type { SnapshotMeta } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import type { PeerMessage } from '../core/messages.ts';
import type { Epoch, LogIndex } from '../core/numbers.ts';

/** Who is there? Asked by every voter of every other, all the time (election.ts). */
export interface Poll extends PeerMessage {
  readonly kind: 'poll';
  readonly round: number;
}

export interface PollReply extends PeerMessage {
  readonly kind: 'pollReply';
  readonly round: number;
  /** The highest ballot that the replier has promised. */
  readonly ballot: Epoch;
  /** Whether the replier sees a leader that works, itself included. */
  readonly content: boolean;
  /** Everything up to here is chosen, and can be learned of the replier. */
  readonly chosenUpTo: LogIndex;
}

/** Phase 1a, for all slots from `from` on. Asked again with a higher `from` for the next chunk of the answer. */
export interface Prepare extends PeerMessage {
  readonly kind: 'prepare';
  readonly ballot: Epoch;
  readonly from: LogIndex;
}

/** Some slots in a row. */
export interface SlotRange {
  readonly first: LogIndex;
  readonly last: LogIndex;
}

/** Phase 1b: nothing below `ballot` will be accepted, and in [from, upTo] this is what was. */
export interface PromiseChunk extends PeerMessage {
  readonly kind: 'promise';
  readonly ballot: Epoch;
  readonly from: LogIndex;
  /** Where this chunk ends. */
  readonly upTo: LogIndex;
  /** Whether there is more above `upTo`. If not, nothing was accepted there. */
  readonly more: boolean;
  /** Slots up to here are chosen and not listed: learn them, never fill them. */
  readonly chosenUpTo: LogIndex;
  /** Slots up to here can be had in a snapshot only. */
  readonly trimmedIndex: LogIndex;
  /** Accepted above `chosenUpTo`, rising, with gaps. */
  readonly entries: readonly Entry[];
  /** Slots of which the acceptor cannot say what it accepted (P16). */
  readonly unknown: readonly SlotRange[];
}

/** To whoever used a ballot that is too low. */
export interface Refused extends PeerMessage {
  readonly kind: 'refused';
  readonly ballot: Epoch;
  /** What stands in the way. */
  readonly promised: Epoch;
}

/** Phase 2a, for consecutive slots. Each entry's epoch is `ballot`. */
export interface Accept extends PeerMessage {
  readonly kind: 'accept';
  readonly ballot: Epoch;
  readonly commitIndex: LogIndex;
  readonly entries: readonly Entry[];
}

/** Phase 2b: the sender has these slots accepted at `ballot` (or knows them chosen), durably. */
export interface Accepted extends PeerMessage {
  readonly kind: 'accepted';
  readonly ballot: Epoch;
  readonly first: LogIndex;
  readonly last: LogIndex;
  readonly chosenUpTo: LogIndex;
}

export interface Heartbeat extends PeerMessage {
  readonly kind: 'heartbeat';
  readonly ballot: Epoch;
  readonly commitIndex: LogIndex;
  readonly readRound: number;
}

export interface HeartbeatReply extends PeerMessage {
  readonly kind: 'heartbeatReply';
  readonly ballot: Epoch;
  readonly readRound: number;
  readonly chosenUpTo: LogIndex;
}

/** The leader's chosen prefix grew, and nothing else is on its way to say so. */
export interface CommitNotice extends PeerMessage {
  readonly kind: 'commitNotice';
  readonly ballot: Epoch;
  readonly commitIndex: LogIndex;
}

/** Tell me what is chosen from `from` on. Anybody may be asked. */
export interface LearnRequest extends PeerMessage {
  readonly kind: 'learnRequest';
  readonly from: LogIndex;
}

/** Chosen values, consecutive from what was asked for. */
export interface LearnResponse extends PeerMessage {
  readonly kind: 'learnResponse';
  readonly entries: readonly Entry[];
  readonly chosenUpTo: LogIndex;
}

/** What was asked for is trimmed: a snapshot is on its way. */
export interface LearnTrimmed extends PeerMessage {
  readonly kind: 'learnTrimmed';
  readonly trimmedIndex: LogIndex;
}

/** The snapshot that this describes is durable at the receiver. Chosen values need no ballot. */
export interface InstallSnapshot extends PeerMessage {
  readonly kind: 'installSnapshot';
  readonly meta: SnapshotMeta;
}

/** Lead at once: the sender hands over. */
export interface TimeoutNow extends PeerMessage {
  readonly kind: 'timeoutNow';
  readonly ballot: Epoch;
}

export interface ReadRequest extends PeerMessage {
  readonly kind: 'readRequest';
  readonly life: number;
  readonly request: number;
}

export interface ReadResponse extends PeerMessage {
  readonly kind: 'readResponse';
  readonly life: number;
  readonly request: number;
  readonly readIndex: LogIndex;
}

export type PaxosMessage =
  | Poll
  | PollReply
  | Prepare
  | PromiseChunk
  | Refused
  | Accept
  | Accepted
  | Heartbeat
  | HeartbeatReply
  | CommitNotice
  | LearnRequest
  | LearnResponse
  | LearnTrimmed
  | InstallSnapshot
  | TimeoutNow
  | ReadRequest
  | ReadResponse;

export type PaxosMessageKind = PaxosMessage['kind'];
